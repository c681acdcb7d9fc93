using HashGrid.Server.Encoding;

namespace HashGrid.Server.Searching;

/// <summary>One caller's place before the <see cref="SearchGate"/>: its searches run in order, and take turns with those of other lanes.</summary>
public sealed class SearchLane
{
    internal SearchLane(FairQueue<SearchWaiter>.Lane queue) => Queue = queue;

    internal FairQueue<SearchWaiter>.Lane Queue { get; }
}
