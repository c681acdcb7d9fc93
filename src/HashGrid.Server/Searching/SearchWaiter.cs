namespace HashGrid.Server.Searching;

/// <summary>One search that waits for its turn. The gate's lock guards it.</summary>
internal sealed class SearchWaiter
{
    public SearchWaiter(SearchLane lane) => (Lane, Node) = (lane, new LinkedListNode<SearchWaiter>(this));

    public SearchLane Lane { get; }

    public LinkedListNode<SearchWaiter> Node { get; }

    public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CancellationTokenRegistration Cancellation { get; set; }
}
