using System.Buffers.Binary;

namespace HashGrid.Server.Storage.Files;

/// <summary>What one slot of a <see cref="SlotFile"/> holds.</summary>
/// <param name="Generation">The larger one is newer; 0 if the slot is not valid.</param>
/// <param name="Payload">Null if the slot is not valid.</param>
/// <param name="Problem">Why it is not valid; null if it is, or if it was never written.</param>
internal readonly record struct SlotImage(ulong Generation, byte[]? Payload, string? Problem)
{
    public const int HeaderBytes = 20;

    public static SlotImage Read(ReadOnlySpan<byte> slot, uint magic)
    {
        if (slot.IndexOfAnyExcept((byte)0) < 0)
            return default;
        uint foundMagic = BinaryPrimitives.ReadUInt32LittleEndian(slot[4..]);
        if (foundMagic != magic)
            return new SlotImage(0, null, $"magic is {foundMagic:x8}, expected {magic:x8}");
        int length = BinaryPrimitives.ReadInt32LittleEndian(slot[16..]);
        if (length < 0 || length > slot.Length - HeaderBytes)
            return new SlotImage(0, null, $"payload length is {length}, but {slot.Length - HeaderBytes} is the most");
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(slot);
        uint computed = Crc32C.Compute(slot[4..(HeaderBytes + length)]);
        if (stored != computed)
            return new SlotImage(0, null, $"checksum is {computed:x8}, the slot says {stored:x8}");
        return new SlotImage(BinaryPrimitives.ReadUInt64LittleEndian(slot[8..]), slot.Slice(HeaderBytes, length).ToArray(), null);
    }
}
