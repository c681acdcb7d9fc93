namespace HashGrid.Server.Storage.Journal;

/// <summary>A frame in some 4096 records that the opening verified, so that a follower starts near its sequence and not at the first frame.</summary>
internal sealed class JournalMarks(JournalTail first)
{
    private const long Interval = 4096;

    private readonly List<JournalTail> _marks = [first];

    /// <summary>Frames come in order, from the one behind the first tail.</summary>
    public void Pass(in Frame frame)
    {
        if (frame.LastSequence >= _marks[^1].Sequence + Interval)
            _marks.Add(frame.Tail);
    }

    /// <summary>The nearest known tail whose next frame is not behind the sequence.</summary>
    public JournalTail Before(long sequence)
    {
        int low = 0, high = _marks.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_marks[middle].Sequence < sequence)
                low = middle;
            else
                high = middle - 1;
        }
        return _marks[low];
    }
}
