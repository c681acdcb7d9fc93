namespace HashGrid.Server.Storage.Checking;

/// <summary>Addresses at which the disk gives no bytes: ranges in order, neighbours in one file joined.</summary>
/// <param name="fileBytes">Bytes of one file; a range never crosses from one into the next.</param>
internal sealed class UnreadableRanges(long fileBytes)
{
    private readonly List<(long From, long To)> _ranges = [];

    /// <summary>What the disk said first; null as long as everything could be read.</summary>
    public string? Problem { get; private set; }

    /// <summary>Notes a range that overlaps none of the others.</summary>
    public void Add(long from, long to, string problem)
    {
        Problem ??= problem;
        int at = _ranges.FindIndex(range => range.From > from) is int next and >= 0 ? next : _ranges.Count;
        if (at < _ranges.Count && _ranges[at].From == to && to % fileBytes != 0)
        {
            to = _ranges[at].To;
            _ranges.RemoveAt(at);
        }
        if (at > 0 && _ranges[at - 1].To == from && from % fileBytes != 0)
            _ranges[at - 1] = (_ranges[at - 1].From, to);
        else
            _ranges.Insert(at, (from, to));
    }

    public bool Contains(long address) => Within(address, address + 1).Any();

    /// <summary>The ranges between two addresses, cut off there.</summary>
    public IEnumerable<(long From, long To)> Within(long from, long to) =>
        _ranges.Where(range => range.From < to && range.To > from).Select(range => (Math.Max(range.From, from), Math.Min(range.To, to)));
}
