using HashGrid.Server.Encoding;

namespace HashGrid.Server.Searching;

/// <summary>One caller before the <see cref="SearchGate"/>: its searches take turns among themselves, and the caller with other callers.</summary>
public sealed class SearchCaller
{
    // Single searches go before the caller's streams when both come at the same time.
    private const double SingleWeight = 8;

    internal SearchCaller(FairQueue<SearchCaller>.Lane turns, AdmissionShare calls, AdmissionShare streams)
    {
        (Turns, Streams) = (turns, streams);
        Single = new SearchLane(this, Waiting.AddLane(SingleWeight), calls);
    }

    /// <summary>For its searches that are calls of their own.</summary>
    public SearchLane Single { get; }

    /// <summary>Its place among the callers; the gate's lock guards it.</summary>
    internal FairQueue<SearchCaller>.Lane Turns { get; }

    /// <summary>Its searches that wait; the gate's lock guards it.</summary>
    internal FairQueue<SearchWaiter> Waiting { get; } = new();

    /// <summary>What its streams together have in flight.</summary>
    internal AdmissionShare Streams { get; }
}
