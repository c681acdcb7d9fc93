using HashGrid.Index.MultiIndex;
using HashGrid.Index.Segments;

namespace HashGrid.Index.Planning;

/// <summary>The answer of one search while it grows: a max-heap by (distance, id) in the caller's own memory.</summary>
/// <remarks>
/// <see cref="Limit"/> is the largest distance that can still matter. It falls as better rows come in; a row at exactly the limit may yet
/// win by a smaller id, so the limit is inclusive, and the answer does not depend on the order in which rows are offered.
/// </remarks>
internal ref struct Collector
{
    private readonly Span<Neighbor> _heap;
    private readonly int _radius;
    private CollectorRules _rules;
    private int _count;

    /// <param name="heap">Where the answer goes; its length is the most neighbours kept.</param>
    /// <param name="radius">Rows beyond it never matter.</param>
    /// <param name="rules">Which rows may be in the answer.</param>
    public Collector(Span<Neighbor> heap, int radius, in CollectorRules rules)
    {
        _heap = heap;
        _rules = rules;
        _radius = heap.IsEmpty && !rules.CountsMore ? -1 : radius;
        Limit = _radius;
    }

    /// <summary>Goes on with an answer that was put aside.</summary>
    public Collector(Span<Neighbor> heap, int count, int limit, in CollectorRules rules)
        : this(heap, limit, rules) => _count = count;

    /// <summary>Largest distance that can still matter, inclusive; −1 when nothing can.</summary>
    public int Limit { get; private set; }

    /// <summary>The same for rows whose ids are at least <paramref name="id"/>: one less when none of them can win a tie.</summary>
    public readonly int LimitFrom(ulong id) =>
        IsFull && !_rules.CountsMore && _count > 0 && _heap[0].Distance == Limit && _heap[0].Id < id ? Limit - 1 : Limit;

    /// <summary>Neighbours kept so far.</summary>
    public readonly int Count => _count;

    /// <summary>Whether <see cref="Limit"/> is the distance of the worst neighbour kept, rather than the radius asked for.</summary>
    public readonly bool IsFull => _count == _heap.Length;

    /// <summary>Whether the caller gave a radius, rather than asking for the nearest whatever their distance.</summary>
    public readonly bool IsRange => _rules.CountsMore;

    /// <summary>The most neighbours kept.</summary>
    public readonly int Room => _heap.Length;

    /// <summary>Whether more rows matched than were kept.</summary>
    public bool More { get; private set; }

    /// <summary>Neighbours kept so far, in no useful order.</summary>
    public readonly ReadOnlySpan<Neighbor> Kept => _heap[.._count];

    /// <summary>Takes the row if it is near enough, not removed, and passes the filter.</summary>
    public void Offer(Segment segment, int row, int distance)
    {
        if (distance > Limit || segment.Removed[row] || (row >= _rules.Skipped.From && row < _rules.Skipped.To)) return;
        if (!_rules.Carries(segment, row) || _rules.Met.HasMet(segment, row)) return;
        Offer(new Neighbor(segment.Ids[row], distance));
    }

    /// <summary>Which rows may be in the answer, for other threads of the same search.</summary>
    public readonly CollectorRules Rules => _rules;

    /// <summary>Turns away rows in [from, to) of the segment at hand, since they were offered before.</summary>
    public void Skip(int from, int to) => _rules.Skipped = (from, to);

    /// <summary>Turns away the rows of the segment at hand that a search by buckets has met.</summary>
    public void Skip(in MultiIndexSearch met) => _rules.Met = met;

    /// <summary>The next rows are of another segment.</summary>
    public void SkipNothing() => (_rules.Skipped, _rules.Met) = ((0, 0), default);

    /// <summary>Takes the neighbour if it is near enough and passes the filter.</summary>
    public void Offer(Neighbor candidate) => Offer(candidate, _rules.IsFiltered);

    /// <summary>Takes the neighbour if it is near enough; another thread has asked the filter.</summary>
    public void OfferChecked(Neighbor candidate) => Offer(candidate, false);

    private void Offer(Neighbor candidate, bool isFiltered)
    {
        if (candidate.Distance > Limit) return;
        bool isFull = IsFull;
        // The filter is the caller's code: ask it only about ids that would be kept, or that would prove that there are more.
        if (isFull && !_heap.IsEmpty && candidate > _heap[0] && (!_rules.CountsMore || More)) return;
        if (isFiltered && !_rules.Allows(candidate.Id)) return;
        if (!isFull)
        {
            SiftUp(candidate);
            if (!_rules.CountsMore && IsFull) Tighten(_heap[0].Distance);
            return;
        }
        More = true;
        if (!_heap.IsEmpty && candidate < _heap[0]) SiftDown(candidate);
        Tighten(_heap.IsEmpty ? -1 : _heap[0].Distance);
    }

    /// <summary>Lowers the limit to what another part of the same search has already reached.</summary>
    public void Tighten(int limit) => Limit = Math.Min(Limit, limit);

    /// <summary>Remembers that rows were turned away elsewhere.</summary>
    public void NoteMore() => More = true;

    /// <summary>Forgets everything found, for a search that begins again.</summary>
    public void Restart()
    {
        SkipNothing();
        (_count, Limit, More) = (0, _radius, false);
    }

    /// <summary>Whether the id is in the answer already.</summary>
    public readonly bool Contains(ulong id)
    {
        foreach (Neighbor neighbor in Kept)
        {
            if (neighbor.Id == id) return true;
        }
        return false;
    }

    /// <summary>The ids in the answer.</summary>
    public readonly HashSet<ulong> KeptIds()
    {
        HashSet<ulong> ids = new(_count);
        foreach (Neighbor neighbor in Kept) ids.Add(neighbor.Id);
        return ids;
    }

    /// <summary>Puts the answer in ascending order; nothing can be offered afterwards.</summary>
    public readonly void Sort() => _heap[.._count].Sort();

    private void SiftUp(Neighbor candidate)
    {
        int i = _count++;
        while (i > 0 && candidate > _heap[(i - 1) / 2])
        {
            _heap[i] = _heap[(i - 1) / 2];
            i = (i - 1) / 2;
        }
        _heap[i] = candidate;
    }

    private readonly void SiftDown(Neighbor candidate)
    {
        int i = 0;
        for (int child = 1; child < _count; child = (2 * i) + 1)
        {
            if (child + 1 < _count && _heap[child + 1] > _heap[child]) child++;
            if (candidate >= _heap[child]) break;
            _heap[i] = _heap[child];
            i = child;
        }
        _heap[i] = candidate;
    }
}
