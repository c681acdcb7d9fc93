namespace HashGrid.Server.Storage.Journal;

/// <summary>Every 4096th frame that the opening verified, so that a follower starts near its sequence and not at the first frame.</summary>
internal sealed class JournalMarks(JournalTail first)
{
    private const long Interval = 4096;

    private readonly List<JournalTail> _marks = [first];

    /// <summary>Frames come in order, from the one behind the first tail.</summary>
    public void Pass(in Frame frame)
    {
        if (frame.Sequence % Interval == 0)
            _marks.Add(new JournalTail(frame.Sequence, frame.EndAddress, frame.Header.Crc));
    }

    /// <summary>The nearest known tail whose next frame is not behind the sequence.</summary>
    public JournalTail Before(long sequence) => _marks[(int)Math.Clamp((sequence - 1) / Interval - first.Sequence / Interval, 0, _marks.Count - 1)];
}
