namespace HashGrid.Client.Streams;

/// <summary>One item of an exchange, from its arrival until the caller has its result.</summary>
internal sealed class Slot<TItem, TReply>(ulong tag, TItem item)
{
    private readonly TaskCompletionSource<TReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Unique in its exchange; what the wire carries.</summary>
    public ulong Tag { get; } = tag;

    public TItem Item { get; } = item;

    public Task<TReply> Reply => _reply.Task;

    public void Complete(TReply reply) => _reply.TrySetResult(reply);
}
