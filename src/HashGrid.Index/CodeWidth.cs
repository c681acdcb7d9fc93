using System.Diagnostics.CodeAnalysis;

namespace HashGrid.Index;

/// <summary>How long the codes of an index are: bits, 64-bit words and bytes as one value.</summary>
/// <remarks>
/// Bit i of a code is bit <c>i % 64</c> of word <c>i / 64</c>. Where <see cref="Bits"/> is no multiple of 64, the spare high bits of the last
/// word are zero in every code and query; anything else is refused, since a stray bit would silently add to distances.
/// </remarks>
public readonly record struct CodeWidth
{
    /// <summary>The narrowest code, in bits.</summary>
    public const int MinBits = 8;

    /// <summary>The widest code, in bits.</summary>
    public const int MaxBits = 1024;

    /// <summary>Describes codes of <paramref name="bits"/> bits.</summary>
    /// <param name="bits">Bits a code, 8 to 1024.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bits"/> is outside 8 to 1024.</exception>
    public CodeWidth(int bits)
    {
        if (bits is < MinBits or > MaxBits)
        {
            throw new ArgumentOutOfRangeException(nameof(bits), bits,
                $"a code has {MinBits} to {MaxBits} bits, but {bits} were asked for; choose a width in that range");
        }
        Bits = bits;
    }

    /// <summary>Bits a code, 8 to 1024 (0 only in <c>default</c>, which no index accepts).</summary>
    public int Bits { get; }

    /// <summary>64-bit words a code, ⌈Bits / 64⌉.</summary>
    public int Words => (Bits + 63) / 64;

    /// <summary>Bytes a code takes in memory and in raw files, Words × 8.</summary>
    public int Bytes => Words * sizeof(ulong);

    /// <summary>The bits that the last word of a code may use.</summary>
    internal ulong LastWordMask => Bits % 64 == 0 ? ulong.MaxValue : (1UL << (Bits % 64)) - 1;

    /// <summary>Whether <paramref name="code"/> has <see cref="Words"/> words and no spare bit set.</summary>
    /// <param name="code">One code.</param>
    public bool Fits(ReadOnlySpan<ulong> code) => code.Length == Words && code.Length > 0 && (code[^1] & ~LastWordMask) == 0;

    /// <summary>Throws unless <paramref name="code"/> is one code of this width.</summary>
    internal void Require(ReadOnlySpan<ulong> code, string name)
    {
        if (!Fits(code)) ThrowMisfit(code, name);
    }

    [DoesNotReturn]
    private void ThrowMisfit(ReadOnlySpan<ulong> code, string name)
    {
        if (code.Length != Words) throw new ArgumentException($"{name} has {code.Length} words, but width {Bits} needs {Words}", name);
        throw new ArgumentException(
            $"{name} has bits set above bit {Bits - 1} (last word 0x{code[^1]:x16}, allowed 0x{LastWordMask:x16}); clear the spare bits", name);
    }

    /// <summary>The width in words for people, such as <c>64 bits</c>.</summary>
    public override string ToString() => $"{Bits} bits";
}
