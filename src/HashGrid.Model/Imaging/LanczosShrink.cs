using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace HashGrid.Model.Imaging;

/// <summary>Reduces a picture to a square: columns first, then rows, whole grey levels after each, as libvips does.</summary>
/// <remarks>Every product and sum is exact (see <see cref="LanczosTaps"/>), so the pixels are the same on every machine, fused or not.</remarks>
internal static class LanczosShrink
{
    // Where libvips would reduce by plain means first.
    private const int MostShrink = 4;

    private const int MostTaps = (2 * 3 * MostShrink) + 1, Margin = MostTaps + 7;

    /// <summary>Whether a picture is at least as large as the target, and less than four times as large.</summary>
    public static bool Takes(int width, int height, int size) =>
        width >= size && height >= size && width < MostShrink * (long)size && height < MostShrink * (long)size;

    /// <summary>Writes size · size values, 0 black to 1 white.</summary>
    public static void Run(GreyPlane plane, int size, Span<float> destination)
    {
        LanczosTaps down = LanczosTaps.Of(plane.Height, size), across = LanczosTaps.Of(plane.Width, size);
        int width = plane.Width;
        float[] line = ArrayPool<float>.Shared.Rent(plane.Stride + (2 * Margin));
        try
        {
            for (int y = 0; y < size; y++)
            {
                ReduceColumns(plane, down, y, line.AsSpan(Margin, plane.Stride));
                line.AsSpan(0, Margin).Fill(line[Margin]);
                line.AsSpan(Margin + width, Margin).Fill(line[Margin + width - 1]);
                ReduceRow(line, across, destination.Slice(y * size, size));
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(line);
        }
    }

    [SkipLocalsInit]
    private static void ReduceColumns(GreyPlane plane, LanczosTaps taps, int y, Span<float> line)
    {
        ref float from = ref MemoryMarshal.GetReference(plane.From(0, 0));
        ref float to = ref MemoryMarshal.GetReference(line);
        ref float weights = ref taps.Weights[y * taps.Padded];
        Span<int> rows = stackalloc int[MostTaps];
        int count = taps.Count;
        for (int tap = 0; tap < count; tap++) rows[tap] = Math.Clamp(taps.First[y] + tap, 0, plane.Height - 1) * plane.Stride;
        // The stride is a multiple of 32, and a row's end is padding.
        for (int x = 0; x < plane.Width; x += 32)
        {
            Vector256<float> a = default, b = default, c = default, d = default;
            for (int tap = 0; tap < count; tap++)
            {
                ref float row = ref Unsafe.Add(ref from, rows[tap] + x);
                Vector256<float> weight = Vector256.Create(Unsafe.Add(ref weights, tap));
                a = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref row), weight, a);
                b = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref row, 8), weight, b);
                c = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref row, 16), weight, c);
                d = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref row, 24), weight, d);
            }
            ToLevel(a).StoreUnsafe(ref to, (nuint)x);
            ToLevel(b).StoreUnsafe(ref to, (nuint)x + 8);
            ToLevel(c).StoreUnsafe(ref to, (nuint)x + 16);
            ToLevel(d).StoreUnsafe(ref to, (nuint)x + 24);
        }
    }

    private static void ReduceRow(float[] line, LanczosTaps taps, Span<float> destination)
    {
        ref float weights = ref MemoryMarshal.GetArrayDataReference(taps.Weights);
        for (int x = 0; x < destination.Length; x++)
        {
            ref float from = ref line[Margin + taps.First[x]];
            Vector256<float> sum = default;
            for (int tap = 0; tap < taps.Padded; tap += 8)
                sum = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref from, (nuint)tap), Vector256.LoadUnsafe(ref weights, (nuint)((x * taps.Padded) + tap)), sum);
            Vector128<float> half = sum.GetLower() + sum.GetUpper();
            destination[x] = Vector128.Sum(half);
        }
        ref float to = ref MemoryMarshal.GetReference(destination);
        int done = 0;
        for (; done + 8 <= destination.Length; done += 8) (ToLevel(Vector256.LoadUnsafe(ref to, (nuint)done)) / Vector256.Create(255f)).StoreUnsafe(ref to, (nuint)done);
        for (; done < destination.Length; done++) destination[done] = Math.Clamp(MathF.Floor(destination[done] + 0.5f), 0, 255) / 255;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> ToLevel(Vector256<float> value) =>
        Vector256.Max(Vector256.Min(Vector256.Floor(value + Vector256.Create(0.5f)), Vector256.Create(255f)), Vector256<float>.Zero);
}
