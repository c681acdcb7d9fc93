namespace HashGrid.Model.Imaging.Jpeg;

/// <summary>One Huffman table of a JPEG file: codes of up to 16 bits, the short ones looked up at once.</summary>
/// <remarks>Source: ITU-T T.81, annexes C and F.2.2.3.</remarks>
internal sealed class HuffmanTable
{
    private const int LookupBits = 10, LongestCode = 16;

    // Length in the low byte (0: longer than the look-up), symbol in the high one.
    private readonly ushort[] _short = new ushort[1 << LookupBits];
    private readonly byte[] _symbols = new byte[256];

    // The same where the bits of the coefficient fit in, too: length of both, zeros before it, and its value from bit 16 on.
    private readonly int[] _whole = new int[1 << LookupBits];

    // By length: the first code beyond those of this length, left-aligned in 16 bits; and what to add to a code to get its symbol's place.
    private readonly int[] _beyond = new int[LongestCode + 1];
    private readonly int[] _place = new int[LongestCode + 1];

    /// <summary>Takes over the table of a DHT segment.</summary>
    /// <param name="counts">16 numbers of codes, by length.</param>
    /// <param name="symbols">The symbols, in the order of their codes.</param>
    /// <returns>False if there are more codes than their lengths have room for.</returns>
    public bool TrySet(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        Array.Clear(_short);
        symbols.CopyTo(_symbols);
        int code = 0, place = 0;
        for (int length = 1; length <= LongestCode; length++)
        {
            int count = counts[length - 1];
            if (code + count > 1 << length) return false;
            _place[length] = place - code;
            for (int i = 0; i < count; i++, code++, place++)
            {
                if (length <= LookupBits)
                    _short.AsSpan(code << (LookupBits - length), 1 << (LookupBits - length)).Fill((ushort)(length | (symbols[place] << 8)));
            }
            _beyond[length] = code << (LongestCode - length);
            code <<= 1;
        }
        for (int bits = 0; bits < _whole.Length; bits++)
        {
            int length = _short[bits] & 0xff, size = (_short[bits] >> 8) & 15;
            bool fits = length > 0 && size > 0 && length + size <= LookupBits;
            _whole[bits] = fits ? (Value((ulong)bits << (64 - LookupBits + length), size) << 16) | (_short[bits] >> 12 << 8) | (length + size) : 0;
        }
        return true;
    }

    /// <summary>The number that the top bits of a window stand for: those that begin with 0 are negative (T.81, F.2.2.1).</summary>
    public static int Value(ulong window, int bits)
    {
        if (bits == 0) return 0;
        int value = (int)(window >> (64 - bits));
        return (long)window < 0 ? value : value - (1 << bits) + 1;
    }

    /// <summary>A short code with the coefficient behind it: bits of both in the low byte (0: not so short), zeros before it in the next, its value above.</summary>
    /// <param name="window">At least 16 bits, left-aligned.</param>
    public int FindWhole(ulong window) => _whole[(int)(window >> (64 - LookupBits))];

    /// <summary>Finds the code at the top of a window.</summary>
    /// <param name="window">At least 16 bits, left-aligned.</param>
    /// <param name="length">Bits of the code; 0 if no code begins so.</param>
    /// <returns>Its symbol.</returns>
    public int Find(ulong window, out int length)
    {
        int entry = _short[(int)(window >> (64 - LookupBits))];
        length = entry & 0xff;
        return length != 0 ? entry >> 8 : FindLong((int)(window >> 48), out length);
    }

    private int FindLong(int bits, out int length)
    {
        for (length = LookupBits + 1; length <= LongestCode; length++)
        {
            if (bits < _beyond[length]) return _symbols[((bits >> (LongestCode - length)) + _place[length]) & 0xff];
        }
        length = 0;
        return 0;
    }
}
