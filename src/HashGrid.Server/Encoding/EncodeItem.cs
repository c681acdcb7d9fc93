using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Encoding;

/// <summary>One image on its way to a code. All state but <see cref="Code"/> belongs to the scheduler's lock.</summary>
public sealed class EncodeItem
{
    private readonly TaskCompletionSource<ulong[]> _code = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="flow">The stream it belongs to.</param>
    /// <param name="file">A whole image file; must not change until <see cref="Code"/> completes.</param>
    /// <param name="deadline">The call's deadline: never encoded after it.</param>
    /// <param name="pixels">Of the picture, by its header.</param>
    public EncodeItem(EncodeFlow flow, ReadOnlyMemory<byte> file, DateTimeOffset deadline, long pixels = 0)
    {
        (Flow, File, Load, Deadline) = (flow, file, new EncodeLoad(1, file.Length, pixels), deadline);
        Node = new LinkedListNode<EncodeItem>(this);
    }

    /// <summary>The code's words; faults with the item's own failure, cancelled when its caller left.</summary>
    public Task<ulong[]> Code => _code.Task;

    public DateTimeOffset Deadline { get; }

    public EncodeStage Stage { get; internal set; }

    /// <summary>Where its steps are told; null for all but sampled items.</summary>
    internal ItemTrace? Trace { get; init; }

    /// <summary>Where its caller's place for it goes back; null where no caller is counted.</summary>
    internal ImageRoom? Room { get; init; }

    /// <summary>Keep the decoded picture for <see cref="Kept"/>.</summary>
    internal bool Keeps { get; init; }

    /// <summary>The picture as the network saw it, once <see cref="Code"/> has succeeded; null unless it was to be kept.</summary>
    public float[]? Kept { get; internal set; }

    internal EncodeFlow Flow { get; }

    internal ReadOnlyMemory<byte> File { get; set; }

    /// <summary>What it takes of the budget; bytes and pixels until it is decoded.</summary>
    internal EncodeLoad Load { get; }

    /// <summary>Its order of coming, of all items; 0 until it is queued.</summary>
    internal long Number { get; set; }

    /// <summary>Rented by the decoder, returned by whoever ends the item.</summary>
    internal float[]? Picture { get; set; }

    internal LinkedListNode<EncodeItem> Node { get; }

    /// <summary>Its caller has been answered while a thread still works on it; what it holds goes when that thread is done.</summary>
    internal bool Abandoned { get; set; }

    /// <summary>When the present stage began, as a time stamp of the clock.</summary>
    internal long StageStamp { get; set; }

    internal CancellationTokenRegistration Cancellation { get; set; }

    internal bool SetCode(ulong[] code) => _code.TrySetResult(code);

    internal bool SetFailure(Exception failure) => _code.TrySetException(failure);

    internal bool SetCancelled(CancellationToken token) => _code.TrySetCanceled(token);
}
