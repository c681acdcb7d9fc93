namespace HashGrid.Index.MultiIndex;

/// <summary>Which buckets have been looked into, and which come next: for each substring, how many levels are done (level f: the buckets f flips away).</summary>
/// <remarks>
/// With c_i levels of substring i done, every code within Σ c_i − 1 has been met: farther codes alone can differ by c_i or more in all substrings. Any
/// order of levels will do, so the cheapest goes first: with rows in the order of substring 0, its levels cost a tenth of the others'.
/// </remarks>
internal struct MultiIndexSteps
{
    private int _flips; // substrings 1 .. _part − 1 have one level more than this, the rest this many
    private int _part = 1;

    public MultiIndexSteps()
    {
    }

    /// <summary>Levels done of substring 0.</summary>
    public int First { get; private set; }

    /// <summary>Levels done of a substring.</summary>
    public readonly int Levels(int part) => part == 0 ? First : part < _part ? _flips + 1 : _flips;

    /// <summary>Distance up to which every code has been met; −1 before the first step.</summary>
    public readonly int Complete(int parts) => First + (_flips * (parts - 1)) + (_part - 1) - 1;

    /// <summary>The substring whose next level is the cheapest to look into, and what that costs in nanoseconds.</summary>
    public readonly (int Part, double Cost) Next(Substring[] parts, in MultiIndexCost cost)
    {
        double first = cost.Of(parts[0], 0, First);
        if (parts.Length == 1) return (0, first);
        double other = cost.Of(parts[_part], _part, _flips);
        return first <= other ? (0, first) : (_part, other);
    }

    /// <summary>One more level of the substring that <see cref="Next"/> gave is done.</summary>
    public void Advance(int part, int parts)
    {
        if (part == 0)
        {
            First++;
            return;
        }
        if (++_part < parts) return;
        _part = 1;
        _flips++;
    }

    /// <summary>What the steps from here on cost until every code within <paramref name="radius"/> is met, in nanoseconds.</summary>
    public readonly double CostUpTo(int radius, Substring[] parts, in MultiIndexCost cost)
    {
        MultiIndexSteps steps = this;
        double sum = 0;
        while (steps.Complete(parts.Length) < radius && steps.First <= parts[0].Length)
        {
            (int part, double next) = steps.Next(parts, cost);
            sum += next;
            steps.Advance(part, parts.Length);
        }
        return sum;
    }
}
