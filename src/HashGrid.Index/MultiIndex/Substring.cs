using System.Numerics;

namespace HashGrid.Index.MultiIndex;

/// <summary>One of the m pieces of a code: <paramref name="Length"/> bits from bit <paramref name="Start"/>.</summary>
/// <param name="Start">First bit.</param>
/// <param name="Length">Bits, 1 to 30; a substring may lie across two words.</param>
internal readonly record struct Substring(int Start, int Length)
{
    public uint Mask => (1u << Length) - 1;

    /// <summary>Splits a code into <paramref name="parts"/> pieces whose lengths differ by at most one; the first are the longer.</summary>
    public static Substring[] Split(int bits, int parts)
    {
        var substrings = new Substring[parts];
        int start = 0;
        for (int i = 0; i < parts; i++)
        {
            int length = (bits / parts) + (i < bits % parts ? 1 : 0);
            substrings[i] = new Substring(start, length);
            start += length;
        }
        return substrings;
    }

    /// <summary>The value of this piece of a code.</summary>
    public unsafe uint Key(ulong* code)
    {
        int word = Start >> 6, shift = Start & 63;
        ulong value = code[word] >> shift;
        if (shift + Length > 64) value |= code[word + 1] << (64 - shift);
        return (uint)value & Mask;
    }

    /// <summary>Bits of this piece in which two codes differ.</summary>
    public unsafe int Distance(ulong* a, ulong* b) => BitOperations.PopCount(Key(a) ^ Key(b));
}
