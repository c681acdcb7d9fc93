using HashGrid.Server.Encoding;

namespace HashGrid.Server.Tests.Encoding.Simulation;

/// <summary>
/// Holds the order of decoding against start-time fair queueing's theorem: over every interval in which two flows both wait, the service
/// that each got, divided by its weight, differs by at most 1 / weight of the one plus 1 / weight of the other.
/// </summary>
internal sealed class FairnessWatch(IReadOnlyList<SimStream> streams, EncodeScheduler scheduler)
{
    private readonly (double Low, double High)?[,] _spread = new (double, double)?[streams.Count, streams.Count];

    /// <summary>The worst difference as a part of what the theorem allows.</summary>
    public double Worst { get; private set; }

    /// <summary>Pairs and moments compared.</summary>
    public long Compared { get; private set; }

    /// <summary>To be called whenever a decode has started, before anything else is queued.</summary>
    public void Observe()
    {
        for (int i = 0; i < streams.Count; i++)
        {
            bool waits = scheduler.WaitingOf(streams[i].Flow) > 0;
            for (int j = 0; j < i; j++)
            {
                if (!waits || scheduler.WaitingOf(streams[j].Flow) == 0)
                {
                    _spread[i, j] = null;
                    continue;
                }
                double difference = streams[i].Started / streams[i].Weight - streams[j].Started / streams[j].Weight;
                (double low, double high) = _spread[i, j] ?? (difference, difference);
                (low, high) = (Math.Min(low, difference), Math.Max(high, difference));
                _spread[i, j] = (low, high);
                Worst = Math.Max(Worst, (high - low) / (1 / streams[i].Weight + 1 / streams[j].Weight));
                Compared++;
            }
        }
    }
}
