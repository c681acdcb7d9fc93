using System.Buffers.Binary;
using Google.Protobuf;
using HashGrid.Protos.V1;

namespace HashGrid.Server.Tests.Support;

/// <summary>Codes of 64 bits as messages.</summary>
internal static class Codes
{
    public static Code Of(ulong word, int bits = 64)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, word);
        return new Code { Bits = (uint)bits, Words = ByteString.CopyFrom(bytes) };
    }

    public static ulong Word(this Code code) => BinaryPrimitives.ReadUInt64LittleEndian(code.Words.Span);
}
