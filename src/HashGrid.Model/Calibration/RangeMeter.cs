using System.Numerics.Tensors;

namespace HashGrid.Model.Calibration;

/// <summary>The least and the greatest value of one layer's output, leaving out the few that lie far out.</summary>
/// <remarks>
/// Two passes over the same images: the first finds the ends, the second counts. A range to the ends would spend most of its 256 steps on a handful of
/// values; leaving out the last 1 in 100,000 lost the fewest bits of the ways tried.
/// </remarks>
internal sealed class RangeMeter
{
    private const int Bins = 65_536;
    private const double LeftOut = 1e-5;

    private readonly long[] _counts = new long[Bins];
    private float _low, _high;
    private long _total;

    /// <summary>First pass.</summary>
    public void See(ReadOnlySpan<float> values)
    {
        _low = Math.Min(_low, TensorPrimitives.Min(values));
        _high = Math.Max(_high, TensorPrimitives.Max(values));
    }

    /// <summary>Second pass.</summary>
    public void Count(ReadOnlySpan<float> values)
    {
        if (_high <= _low) return;
        float scale = Bins / (_high - _low);
        foreach (float value in values) _counts[Math.Clamp((int)((value - _low) * scale), 0, Bins - 1)]++;
        _total += values.Length;
    }

    /// <summary>The range; 0 lies inside.</summary>
    public (float Low, float High) Range()
    {
        if (_total == 0) return (0, 0);
        long most = (long)(_total * LeftOut);
        int first = 0, last = Bins - 1;
        for (long passed = _counts[first]; passed <= most; passed += _counts[first]) first++;
        for (long passed = _counts[last]; passed <= most; passed += _counts[last]) last--;
        float bin = (_high - _low) / Bins;
        return (Math.Min(_low + (first * bin), 0), Math.Max(_low + ((last + 1) * bin), 0));
    }
}
