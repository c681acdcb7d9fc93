namespace HashGrid.Index;

/// <summary>One answer of a search: a stored id and how far its code is from the query.</summary>
/// <param name="Id">The caller's name of the code.</param>
/// <param name="Distance">Bits that differ, 0 to the code width; −1 only in <see cref="None"/>.</param>
/// <remarks>The order is (distance, id), ascending and total: the same data and query always give the same list.</remarks>
public readonly record struct Neighbor(ulong Id, int Distance) : IComparable<Neighbor>
{
    /// <summary>Fills the places of a batch answer that no code could fill: id 2^64 − 1, distance −1.</summary>
    public static Neighbor None => new(ulong.MaxValue, -1);

    /// <inheritdoc/>
    public int CompareTo(Neighbor other) =>
        Distance != other.Distance ? Distance.CompareTo(other.Distance) : Id.CompareTo(other.Id);

    /// <summary>Whether <paramref name="left"/> is nearer, or as near with a smaller id.</summary>
    public static bool operator <(Neighbor left, Neighbor right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> is farther, or as far with a larger id.</summary>
    public static bool operator >(Neighbor left, Neighbor right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> does not come after <paramref name="right"/>.</summary>
    public static bool operator <=(Neighbor left, Neighbor right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> does not come before <paramref name="right"/>.</summary>
    public static bool operator >=(Neighbor left, Neighbor right) => left.CompareTo(right) >= 0;
}
