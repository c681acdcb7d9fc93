using HashGrid.Index.Segments;

namespace HashGrid.Index;

public sealed partial class HammingIndex
{
    /// <summary>Stores a code under a new id.</summary>
    /// <param name="id">The caller's name of the code; any value.</param>
    /// <param name="code">One code of <c>Width.Words</c> words, spare bits zero.</param>
    /// <param name="labels">What searches can ask for (<see cref="SearchOptions.AnyLabel"/>): one bit for each label; what a bit means is the caller's.</param>
    /// <returns>Whether it was added, was there already, or the id is taken by another code or other labels (then nothing changes).</returns>
    /// <exception cref="ArgumentException"><paramref name="code"/> has another number of words, or a spare bit set.</exception>
    /// <remarks>Amortised O(1). Searches that begin after the return see it.</remarks>
    public AddResult Add(ulong id, ReadOnlySpan<ulong> code, ulong labels = 0)
    {
        Width.Require(code, nameof(code));
        lock (_writer)
        {
            IndexState state = State;
            if (Locate(state, id, out Segment? segment, out int row))
            {
                return IsSame(segment!, row, code, labels) ? AddResult.Unchanged : AddResult.Conflict;
            }
            Append(state, id, code, labels, null, 0);
            return AddResult.Added;
        }
    }

    /// <summary>Stores a code under an id, replacing the one it had.</summary>
    /// <param name="id">The caller's name of the code; any value.</param>
    /// <param name="code">One code of <c>Width.Words</c> words, spare bits zero.</param>
    /// <param name="labels">One bit for each label; replaces those it had.</param>
    /// <returns>True if the id is new.</returns>
    /// <exception cref="ArgumentException"><paramref name="code"/> has another number of words, or a spare bit set.</exception>
    /// <remarks>Amortised O(1). A search running meanwhile sees the old code or the new one.</remarks>
    public bool Upsert(ulong id, ReadOnlySpan<ulong> code, ulong labels = 0)
    {
        Width.Require(code, nameof(code));
        lock (_writer)
        {
            IndexState state = State;
            if (!Locate(state, id, out Segment? segment, out int row))
            {
                Append(state, id, code, labels, null, 0);
                return true;
            }
            if (!IsSame(segment!, row, code, labels)) Append(state, id, code, labels, segment, row);
            return false;
        }
    }

    /// <summary>Removes an id and its code.</summary>
    /// <param name="id">The id to remove.</param>
    /// <returns>Whether it was there.</returns>
    /// <remarks>O(1): the row is marked; a later merge gives its memory back. A search running meanwhile may still report it.</remarks>
    public bool Remove(ulong id)
    {
        lock (_writer)
        {
            if (!Locate(State, id, out Segment? segment, out int row)) return false;
            _isQuiet = false;
            segment!.Removed.Mark(row);
            Volatile.Write(ref _count, _count - 1);
            if (segment != State.Open && segment.Removed.Count > segment.Count / 3) StartMerging();
            return true;
        }
    }

    /// <summary>Copies the code of an id.</summary>
    /// <param name="id">The id to look up.</param>
    /// <param name="code">Receives <c>Width.Words</c> words; untouched when the id is absent.</param>
    /// <returns>Whether the id is here.</returns>
    /// <exception cref="ArgumentException"><paramref name="code"/> is too short.</exception>
    /// <remarks>O(1) for each segment; no lock. The first look-up after a bulk build with reordered rows makes a table.</remarks>
    public bool TryGet(ulong id, Span<ulong> code) => TryGet(id, code, out _);

    /// <summary>Copies the code of an id, and its labels.</summary>
    /// <param name="id">The id to look up.</param>
    /// <param name="code">Receives <c>Width.Words</c> words; untouched when the id is absent.</param>
    /// <param name="labels">One bit for each label; 0 when the id is absent.</param>
    /// <returns>Whether the id is here.</returns>
    /// <exception cref="ArgumentException"><paramref name="code"/> is too short.</exception>
    public unsafe bool TryGet(ulong id, Span<ulong> code, out ulong labels)
    {
        labels = 0;
        if (code.Length < Width.Words)
        {
            throw new ArgumentException($"code has room for {code.Length} words, but width {Width.Bits} needs {Width.Words}", nameof(code));
        }
        if (!LocateUnlocked(id, out Segment? segment, out int row)) return false;
        new ReadOnlySpan<ulong>(segment!.Code(row), Width.Words).CopyTo(code);
        labels = segment.Labels[row];
        GC.KeepAlive(segment);
        return true;
    }

    /// <summary>Whether an id is stored.</summary>
    /// <param name="id">The id to look up.</param>
    public bool Contains(ulong id) => LocateUnlocked(id, out _, out _);

    private unsafe bool IsSame(Segment segment, int row, ReadOnlySpan<ulong> code, ulong labels) =>
        code.SequenceEqual(new ReadOnlySpan<ulong>(segment.Code(row), Width.Words)) && segment.Labels[row] == labels;

    /// <summary>Appends a row, and in the same breath retires the row it replaces.</summary>
    private void Append(IndexState state, ulong id, ReadOnlySpan<ulong> code, ulong labels, Segment? replaced, int replacedRow)
    {
        _isQuiet = false;
        Segment open = state.Open;
        int row = open.Count;
        if (row == open.Capacity)
        {
            Segment full = open;
            state = MakeRoom(state);
            open = state.Open;
            if (ReferenceEquals(replaced, full) && !state.Sealed.Contains(full)) replaced = open; // it moved with the rest, row by row
            row = open.Count;
        }
        open.Write(row, id, code, labels);
        if (replaced is null)
        {
            open.Publish(row + 1, (uint)open.Version);
            open.Register(row, id);
            Volatile.Write(ref _count, _count + 1);
            return;
        }
        // In this order: a search that sees the mark finds the log entry; one that sees the new row sees the mark; a look-up by id finds the
        // new row before the old one is marked.
        uint replacements = _replaced.Add(replaced, replacedRow);
        open.Register(row, id);
        replaced.Removed.Mark(replacedRow);
        open.Publish(row + 1, replacements);
    }

    /// <summary>Widens a small open segment; seals a large one and opens another.</summary>
    private IndexState MakeRoom(IndexState state)
    {
        Segment open = state.Open;
        if (open.Capacity >= _options.OpenRows) return Seal(state);
        IndexState next = new(state.Sealed, open.Grow(Math.Min(open.Capacity * 2, _options.OpenRows)));
        Volatile.Write(ref _state, next);
        return next;
    }

    /// <summary>Makes the open segment a sealed one and opens another.</summary>
    private IndexState Seal(IndexState state)
    {
        IndexState next = new([.. state.Sealed, state.Open], Segment.CreateOpen(Width.Words, FirstOpenRows, (uint)state.Open.Version));
        Volatile.Write(ref _state, next);
        StartMerging();
        return next;
    }

    private static bool Locate(IndexState state, ulong id, out Segment? segment, out int row)
    {
        segment = state.Open;
        row = segment.FindLive(id);
        for (int i = state.Sealed.Length - 1; row < 0 && i >= 0; i--)
        {
            segment = state.Sealed[i];
            row = segment.FindLive(id);
        }
        return row >= 0;
    }

    private bool LocateUnlocked(ulong id, out Segment? segment, out int row)
    {
        // Absent counts only if no row was replaced meanwhile: it may have moved from a segment not yet asked to one already asked.
        while (true)
        {
            uint replaced = _replaced.Started;
            IndexState state = State;
            if (Locate(state, id, out segment, out row)) return true;
            if (replaced == _replaced.Started && ReferenceEquals(state, State)) return false;
        }
    }
}
