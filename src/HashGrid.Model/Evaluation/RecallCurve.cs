namespace HashGrid.Model.Evaluation;

/// <summary>Mean precision of many rankings at equal recalls.</summary>
public sealed class RecallCurve
{
    /// <summary>Recalls at which precision is taken.</summary>
    public const int Points = 20;
    private readonly double[] _sums = new double[Points];
    private int _rankings;

    /// <summary>Adds a full ranking; one without anything relevant does not count.</summary>
    public void Add(ReadOnlySpan<int> shared)
    {
        int relevant = 0;
        foreach (int count in shared)
            relevant += count > 0 ? 1 : 0;
        if (relevant == 0)
            return;
        _rankings++;
        int hits = 0, point = 0;
        for (int rank = 0; rank < shared.Length && point < Points; rank++)
        {
            hits += shared[rank] > 0 ? 1 : 0;
            for (; point < Points && hits * Points >= (point + 1) * relevant; point++)
                _sums[point] += (double)hits / (rank + 1);
        }
    }

    /// <summary>Precision where recall reaches 1/20, 2/20, … 1.</summary>
    public double[] Precision() => Array.ConvertAll(_sums, sum => sum / Math.Max(1, _rankings));
}
