using System.Buffers.Binary;

namespace HashGrid.Model.Imaging.Jpeg;

/// <summary>Bits of one piece of a scan, from a window that holds the next 32 at least after each <see cref="Fill"/>.</summary>
/// <remarks>Reads zeros beyond the piece, or what lies there; <see cref="IsPastEnd"/> tells afterwards.</remarks>
internal struct EntropyReader(byte[] bytes, int from, int to)
{
    private int _at = from;
    private int _left;

    /// <summary>The next bits, left-aligned.</summary>
    public ulong Window { get; private set; }

    /// <summary>Whether more bits were taken than the piece has.</summary>
    public readonly bool IsPastEnd => ((long)_at * 8) - _left > (long)to * 8;

    public void Fill()
    {
        if (_left >= 32) return;
        Window |= (ulong)BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(_at)) << (32 - _left);
        _at += 4;
        _left += 32;
    }

    /// <summary>Takes up to 31 bits.</summary>
    public void Skip(int bits)
    {
        Window <<= bits;
        _left -= bits;
    }
}
