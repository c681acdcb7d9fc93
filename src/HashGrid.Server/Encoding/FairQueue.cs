namespace HashGrid.Server.Encoding;

/// <summary>
/// A queue of queues: items of one lane leave in order, and lanes share the exit in proportion to their weights while they have items.
/// A lane that was empty joins at the present, so that it neither waits for the backlog of others nor collects credit while idle; a new one as if it had
/// just had a turn, or an endless row of them would always go first.
/// </summary>
/// <remarks>
/// Not thread-safe. Enqueue, dequeue and remove cost O(log lanes).
/// Source: Goyal, Vin, Cheng, "Start-time fair queueing", SIGCOMM 1996, with every item of cost 1.
/// </remarks>
/// <param name="credit">Items that a lane may be late and still keep its place: for lanes whose owner needs a moment to bring the next item.</param>
public sealed class FairQueue<T>(double credit = 0)
{
    private readonly SortedSet<Lane> _busy = new(Comparer<Lane>.Create(static (a, b) =>
        a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Number.CompareTo(b.Number)));
    private double _now;
    private long _lanes;

    /// <summary>Items in all lanes.</summary>
    public int Count { get; private set; }

    /// <param name="weight">Share of the exit, relative to other lanes; positive.</param>
    public Lane AddLane(double weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weight);
        return new Lane(weight, _lanes++) { Start = _now + 1 / weight };
    }

    /// <summary>Puts a detached node at the end of its lane.</summary>
    public void Enqueue(Lane lane, LinkedListNode<T> node)
    {
        lane.Items.AddLast(node);
        Count++;
        if (lane.Items.Count > 1) return;
        lane.Start = Math.Max(lane.Start, _now - credit / lane.Weight);
        _busy.Add(lane);
    }

    /// <summary>The item that <see cref="Dequeue"/> would take; null when empty.</summary>
    public LinkedListNode<T>? Peek() => _busy.Min?.Items.First;

    /// <summary>Takes the next item by fair order; null when empty.</summary>
    public LinkedListNode<T>? Dequeue()
    {
        Lane? lane = _busy.Min;
        if (lane is null) return null;
        _busy.Remove(lane);
        _now = Math.Max(_now, lane.Start);   // one that came with credit lies in the past, and must not take the others there
        lane.Start += 1 / lane.Weight;
        LinkedListNode<T> node = lane.Items.First!;
        lane.Items.RemoveFirst();
        Count--;
        if (lane.Items.Count > 0) _busy.Add(lane);
        return node;
    }

    /// <summary>Takes a node out of the middle.</summary>
    public void Remove(Lane lane, LinkedListNode<T> node)
    {
        lane.Items.Remove(node);
        Count--;
        if (lane.Items.Count == 0) _busy.Remove(lane);
    }

    /// <summary>Takes the last item out of a lane that has one.</summary>
    public void RemoveLast(Lane lane) => Remove(lane, lane.Items.Last!);

    /// <summary>The items of one stream.</summary>
    public sealed class Lane
    {
        internal Lane(double weight, long number) => (Weight, Number) = (weight, number);

        internal double Weight { get; }

        internal long Number { get; }

        /// <summary>The virtual time at which the lane's next item may leave.</summary>
        internal double Start { get; set; }

        internal LinkedList<T> Items { get; } = new();
    }
}
