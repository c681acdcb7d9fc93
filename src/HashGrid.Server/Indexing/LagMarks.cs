using System.Diagnostics;

namespace HashGrid.Server.Indexing;

/// <summary>Measures how far the index is behind the journal in time: one mark a commit, taken off when the index has applied it.</summary>
/// <param name="applied">Told the lag of one commit.</param>
/// <remarks>
/// Thread-safe, and allocates nothing after the first thousand marks. A change that no mark waits for costs one read. When more commits than that
/// wait, the further ones are left out: their lag is that of their neighbours.
/// </remarks>
public sealed class LagMarks(Action<TimeSpan> applied)
{
    /// <summary>Commits that are followed at the same time.</summary>
    public const int MaxMarks = 1024;

    private readonly Lock _gate = new();
    private readonly Queue<(long Sequence, long Stamp)> _marks = new();
    private long _next = long.MaxValue;   // the sequence of the oldest mark

    /// <summary>Changes up to a sequence are durable; said before the index can know of them.</summary>
    /// <param name="sequence">Rises from call to call.</param>
    /// <param name="stamp">Since when, by <see cref="Stopwatch"/>.</param>
    public void Note(long sequence, long stamp)
    {
        lock (_gate)
        {
            if (_marks.Count == MaxMarks) return;
            _marks.Enqueue((sequence, stamp));
            Volatile.Write(ref _next, _marks.Peek().Sequence);
        }
    }

    /// <summary>The index has applied changes up to a sequence.</summary>
    public void Reached(long sequence)
    {
        if (sequence < Volatile.Read(ref _next)) return;
        lock (_gate)
        {
            while (_marks.TryPeek(out (long Sequence, long Stamp) mark) && mark.Sequence <= sequence)
            {
                _marks.Dequeue();
                applied(Stopwatch.GetElapsedTime(mark.Stamp));
            }
            Volatile.Write(ref _next, _marks.Count > 0 ? _marks.Peek().Sequence : long.MaxValue);
        }
    }
}
