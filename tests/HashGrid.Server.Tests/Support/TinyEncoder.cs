using HashGrid.Model;
using HashGrid.Server.Encoding;

namespace HashGrid.Server.Tests.Support;

/// <summary>
/// A network of one random layer: bit i is the side of hyperplane i on which the picture lies, so that like pictures have like codes.
/// A test may slow it down, hold it at a gate, or make it fail.
/// </summary>
internal sealed class TinyEncoder : IImageEncoder
{
    public const int Size = 32;
    private readonly float[] _planes;   // [bits, Size * Size]
    private readonly List<int> _batches = [];

    public TinyEncoder(int bits = 64, int seed = 7, string? fingerprint = null)
    {
        Identity = new ModelIdentity($"tiny-{bits}", fingerprint ?? new string('a', 64), bits, "one layer", Size);
        Random random = new(seed);
        _planes = new float[bits * Size * Size];
        for (int i = 0; i < _planes.Length; i++) _planes[i] = (float)(random.NextDouble() - 0.5);
    }

    public ModelIdentity Identity { get; }

    public string Device => "cpu";

    /// <summary>Called before each batch, with its size; may block or throw. Null: nothing.</summary>
    public Action<int>? BeforeBatch { get; set; }

    /// <summary>Fails every batch that holds a picture for which this is true.</summary>
    public Func<float[], bool>? Poison { get; set; }

    /// <summary>The sizes of the batches so far, warm-up included.</summary>
    public int[] Batches
    {
        get { lock (_batches) return [.. _batches]; }
    }

    public bool Disposed { get; private set; }

    public void Encode(ReadOnlySpan<float> pixels, int count, Span<ulong> codes)
    {
        BeforeBatch?.Invoke(count);
        lock (_batches) _batches.Add(count);
        int words = (Identity.Bits + 63) / 64, length = Size * Size;
        codes[..(count * words)].Clear();
        for (int image = 0; image < count; image++)
        {
            ReadOnlySpan<float> picture = pixels.Slice(image * length, length);
            if (Poison?.Invoke(picture.ToArray()) == true) throw new InvalidOperationException("poison");
            for (int bit = 0; bit < Identity.Bits; bit++)
            {
                float dot = 0;
                ReadOnlySpan<float> plane = _planes.AsSpan(bit * length, length);
                for (int i = 0; i < length; i++) dot += plane[i] * picture[i];
                if (dot > 0) codes[image * words + bit / 64] |= 1UL << (bit % 64);
            }
        }
    }

    public void Dispose() => Disposed = true;
}
