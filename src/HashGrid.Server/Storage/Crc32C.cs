using System.Buffers.Binary;
using System.Numerics;

namespace HashGrid.Server.Storage;

/// <summary>CRC-32C (Castagnoli) as in RFC 3720: reflected, initial and final value 0xFFFFFFFF. About 8 bytes a few cycles.</summary>
internal static class Crc32C
{
    public static uint Compute(ReadOnlySpan<byte> data) => ~Append(uint.MaxValue, data);

    /// <summary>Continues a running, not yet inverted, value.</summary>
    public static uint Append(uint state, ReadOnlySpan<byte> data)
    {
        while (data.Length >= 8)
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }
        foreach (byte value in data)
            state = BitOperations.Crc32C(state, value);
        return state;
    }
}
