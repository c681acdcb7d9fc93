using System.Buffers.Binary;

namespace HashGrid.Server.Storage.Journal;

/// <summary>The fixed part of every journal frame, 28 bytes, little-endian.</summary>
/// <remarks>
/// <code>
///  0  u32  crc        CRC-32C over bytes 4 .. length-1
///  4  u32  link       crc of the previous frame; of the store's first frame: CRC-32C of the store id
///  8  u16  magic      0x4748, "HG"
/// 10  u8   kind       JournalRecordKind, or 6 for the name of a stream, or 7 for many puts
/// 11  u24  length     whole frame in bytes, header included, at most 1 MiB
/// 14  u48  time       milliseconds since 1970 (UTC); for people only
/// 20  u64  sequence   of the frame's first record; from 1, dense
/// 28  ...  payload
/// </code>
/// The link makes a frame valid only behind the frame it was written after: what an unfinished write left on disk
/// behind the tail can never be taken for a successor of what was written later.
/// </remarks>
internal readonly record struct FrameHeader(uint Crc, uint Link, byte Kind, int Length, long TimeMs, long Sequence)
{
    public const int Bytes = 28;
    public const int MaxFrameBytes = 1 << 20;
    private const ushort Magic = 0x4748;

    /// <summary>Reads and checks the header alone: magic, kind and length; false for anything else.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out FrameHeader header)
    {
        header = default;
        if (source.Length < Bytes || BinaryPrimitives.ReadUInt16LittleEndian(source[8..]) != Magic)
            return false;
        int length = source[11] | source[12] << 8 | source[13] << 16;
        if (length < Bytes || length > MaxFrameBytes)
            return false;
        long time = BinaryPrimitives.ReadUInt32LittleEndian(source[14..]) | (long)BinaryPrimitives.ReadUInt16LittleEndian(source[18..]) << 32;
        header = new FrameHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(source),
            BinaryPrimitives.ReadUInt32LittleEndian(source[4..]),
            source[10],
            length,
            time,
            BinaryPrimitives.ReadInt64LittleEndian(source[20..]));
        return header.Sequence > 0;
    }

    /// <summary>Whether the whole frame carries the checksum that its header claims.</summary>
    public bool Matches(ReadOnlySpan<byte> frame) => frame.Length == Length && Crc32C.Compute(frame[4..]) == Crc;

    /// <summary>Fills in the header of a frame whose payload is already in place.</summary>
    /// <returns>The crc: the link of the next frame.</returns>
    public static uint Write(Span<byte> frame, uint link, byte kind, long timeMs, long sequence)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], link);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[8..], Magic);
        frame[10] = kind;
        frame[11] = (byte)frame.Length;
        frame[12] = (byte)(frame.Length >> 8);
        frame[13] = (byte)(frame.Length >> 16);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[14..], (uint)timeMs);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[18..], (ushort)(timeMs >> 32));
        BinaryPrimitives.WriteInt64LittleEndian(frame[20..], sequence);
        uint crc = Crc32C.Compute(frame[4..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame, crc);
        return crc;
    }
}
