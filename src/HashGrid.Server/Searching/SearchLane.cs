using HashGrid.Server.Encoding;

namespace HashGrid.Server.Searching;

/// <summary>One stream's place before the <see cref="SearchGate"/>, or that of a caller's single searches: served in order, in turns with other lanes.</summary>
public sealed class SearchLane
{
    internal SearchLane(SearchCaller caller, FairQueue<SearchWaiter>.Lane queue, AdmissionShare share) => (Caller, Queue, Share) = (caller, queue, share);

    internal SearchCaller Caller { get; }

    internal FairQueue<SearchWaiter>.Lane Queue { get; }

    /// <summary>Where its places count.</summary>
    internal AdmissionShare Share { get; }
}
