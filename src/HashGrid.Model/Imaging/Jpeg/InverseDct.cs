using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace HashGrid.Model.Imaging.Jpeg;

/// <summary>8 × 8 coefficients to 8 × 8 pixels, or to 4 × 4, 2 × 2 or one, each the mean of the pixels it stands for.</summary>
/// <remarks>
/// Whole blocks are <see cref="WholeBlock"/>'s. Of the others, pixel[y, x] = 128 + Σ_v Σ_u B[y, v] · F[v, u] · B[x, u], with B[y, v] = c_v / 2 · cos((2y + 1) v π / 16), c_0 = √½, else 1; rows of B are
/// averaged. Products and sums in one order and without fused steps: the same pixels on every machine.
/// </remarks>
internal sealed class InverseDct
{
    private const int Side = 8;

    private static readonly InverseDct[] Scales = [new(8), new(4), new(2), new(1)];

    private readonly float[] _byPixel;       // [pixels, 8]: B
    private readonly float[] _byFrequency;   // [8, 8]: B transposed, rows filled up with zeros

    private InverseDct(int pixels)
    {
        Pixels = pixels;
        (_byPixel, _byFrequency) = (new float[pixels * Side], new float[Side * Side]);
        int mean = Side / pixels;
        for (int pixel = 0; pixel < pixels; pixel++)
        {
            for (int frequency = 0; frequency < Side; frequency++)
            {
                double sum = 0;
                for (int i = 0; i < mean; i++) sum += Math.Cos(((2 * ((pixel * mean) + i)) + 1) * frequency * Math.PI / 16);
                double value = (frequency == 0 ? Math.Sqrt(0.5) : 1) / 2 * sum / mean;
                _byPixel[(pixel * Side) + frequency] = _byFrequency[(frequency * Side) + pixel] = (float)value;
            }
        }
    }

    /// <summary>Pixels on each side of a block: 8, 4, 2 or 1.</summary>
    public int Pixels { get; }

    /// <param name="shrink">1, 2, 4 or 8.</param>
    public static InverseDct Of(int shrink) => Scales[int.Log2(shrink)];

    /// <summary>Writes a block's pixels, whole numbers of 0 to 255.</summary>
    /// <param name="block">64 coefficients F[v, u], row by row.</param>
    /// <param name="extent">Frequencies of both directions from here on are zero; 1 to 8.</param>
    /// <param name="plane">Receives rows of <see cref="Pixels"/>; up to 8 values of each are overwritten.</param>
    /// <param name="stride">Values from one row to the next.</param>
    [SkipLocalsInit]
    public void Transform(ReadOnlySpan<int> block, int extent, Span<float> plane, int stride)
    {
        _ = block[(Side * Side) - 1];
        _ = plane[((Pixels - 1) * stride) + Side - 1];
        ref float to = ref MemoryMarshal.GetReference(plane);
        ref int from = ref MemoryMarshal.GetReference(block);
        if (extent == 1)
        {
            var flat = Vector256.Create((float)Math.Clamp(((from + 4) >> 3) + 128, 0, 255));
            for (int y = 0; y < Pixels; y++) flat.StoreUnsafe(ref to, (nuint)(y * stride));
            return;
        }
        if (Pixels == Side)
        {
            WholeBlock.Transform(block, plane, stride);
            return;
        }
        ref float byPixel = ref MemoryMarshal.GetArrayDataReference(_byPixel), byFrequency = ref MemoryMarshal.GetArrayDataReference(_byFrequency);
        for (int y = 0; y < Pixels; y++)
        {
            Vector256<float> sum = Load(ref from, 0) * Unsafe.Add(ref byPixel, y * Side);
            for (int v = 1; v < extent; v++) sum += Load(ref from, v) * Unsafe.Add(ref byPixel, (y * Side) + v);
            Vector256<float> row = Vector256.LoadUnsafe(ref byFrequency) * sum.ToScalar();
            for (int u = 1; u < extent; u++) row += Vector256.LoadUnsafe(ref byFrequency, (nuint)(u * Side)) * sum.GetElement(u);
            ToPixel(row).StoreUnsafe(ref to, (nuint)(y * stride));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load(ref int block, int row) => Vector256.ConvertToSingle(Vector256.LoadUnsafe(ref block, (nuint)(row * Side)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> ToPixel(Vector256<float> value) =>
        Vector256.Max(Vector256.Min(Vector256.Floor(value + Vector256.Create(128.5f)), Vector256.Create(255f)), Vector256<float>.Zero);
}
