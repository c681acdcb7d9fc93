using System.Buffers.Binary;
using System.Numerics;

namespace HashGrid.Client;

/// <summary>The binary hash of one image: a width in bits and ⌈bits / 64⌉ words. Bit i is bit i % 64 of word i / 64; spare bits are zero.</summary>
public readonly struct BinaryCode : IEquatable<BinaryCode>
{
    /// <summary>The widest code the service knows, in bits.</summary>
    public const int MaxBits = 1024;

    /// <summary>Wraps words without copying them; the caller leaves them unchanged from here on.</summary>
    /// <param name="words">⌈<paramref name="bits"/> / 64⌉ words, spare bits zero.</param>
    /// <param name="bits">Width in bits, 8 to <see cref="MaxBits"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bits"/> is outside its range.</exception>
    /// <exception cref="ArgumentException">The number of words does not fit the width, or a spare bit is set.</exception>
    public BinaryCode(ReadOnlyMemory<ulong> words, int bits)
    {
        if (bits is < 8 or > MaxBits)
            throw new ArgumentOutOfRangeException(nameof(bits), bits, $"a code is {bits} bits wide, but 8 to {MaxBits} are possible");
        int expected = WordsOf(bits);
        if (words.Length != expected)
            throw new ArgumentException($"a code has {words.Length} words, but {bits} bits need {expected}", nameof(words));
        if (bits % 64 != 0 && words.Span[^1] >> (bits % 64) != 0)
            throw new ArgumentException($"a code of {bits} bits has spare bits set in its last word; they must be zero", nameof(words));
        Words = words;
        Bits = bits;
    }

    /// <summary>⌈Bits / 64⌉ words, or none for <c>default</c>.</summary>
    public ReadOnlyMemory<ulong> Words { get; }

    /// <summary>Width in bits; 0 for <c>default</c>, which stands for "no code".</summary>
    public int Bits { get; }

    /// <summary>Differing bits, 0 to <see cref="Bits"/>.</summary>
    /// <exception cref="ArgumentException">The widths differ.</exception>
    public int DistanceTo(BinaryCode other)
    {
        if (other.Bits != Bits)
            throw new ArgumentException($"codes of {Bits} and {other.Bits} bits cannot be compared", nameof(other));
        int distance = 0;
        for (int i = 0; i < Words.Length; i++)
            distance += BitOperations.PopCount(Words.Span[i] ^ other.Words.Span[i]);
        return distance;
    }

    /// <summary>Reads what <see cref="ToString"/> writes: the bytes of a codes file, two hexadecimal digits each.</summary>
    /// <param name="hex">16 digits a word; fewer words than the width needs, or more, are an error.</param>
    /// <param name="bits">Width in bits, 8 to <see cref="MaxBits"/>.</param>
    /// <exception cref="FormatException">Another number of digits, or something that is no hexadecimal digit.</exception>
    /// <exception cref="ArgumentException">The width is impossible, or a spare bit is set.</exception>
    public static BinaryCode Parse(string hex, int bits)
    {
        ArgumentNullException.ThrowIfNull(hex);
        int digits = WordsOf(bits) * 16;
        if (hex.Length != digits)
            throw new FormatException($"a code has {hex.Length} hexadecimal digits, but {bits} bits need {digits}: little-endian words, 16 digits each");
        byte[] bytes;
        try
        {
            bytes = Convert.FromHexString(hex);
        }
        catch (FormatException)
        {
            throw new FormatException($"\"{hex}\" holds something that is no hexadecimal digit");
        }
        return new BinaryCode(FromBytes(bytes), bits);
    }

    /// <summary>The bytes of the words in little-endian order, as a codes file holds them, two lower-case hexadecimal digits each.</summary>
    public override string ToString()
    {
        byte[] bytes = new byte[Words.Length * 8];
        for (int i = 0; i < Words.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), Words.Span[i]);
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>Same width and same bits.</summary>
    public bool Equals(BinaryCode other) => Bits == other.Bits && Words.Span.SequenceEqual(other.Words.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BinaryCode other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Words.Length == 0 ? 0 : HashCode.Combine(Bits, Words.Span[0], Words.Span[^1]);

    /// <summary>Same width and same bits.</summary>
    public static bool operator ==(BinaryCode left, BinaryCode right) => left.Equals(right);

    /// <summary>Another width or other bits.</summary>
    public static bool operator !=(BinaryCode left, BinaryCode right) => !left.Equals(right);

    internal static int WordsOf(int bits) => (bits + 63) / 64;

    internal static ulong[] FromBytes(ReadOnlySpan<byte> bytes)
    {
        ulong[] words = new ulong[bytes.Length / 8];
        for (int i = 0; i < words.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * 8)..]);
        return words;
    }
}
