using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using HashGrid.Index;
using HashGrid.Protos.V1;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;
using ModelIdentity = HashGrid.Protos.V1.ModelIdentity;

namespace HashGrid.Server.Services;

/// <summary>Messages to domain values and back.</summary>
internal static class Wire
{
    /// <summary>Reads a code and checks that it fits the model.</summary>
    /// <exception cref="ServiceException">Another width, another length, or spare bits set.</exception>
    public static ulong[] ToWords(Code? code, CodeWidth width)
    {
        if (code is null) throw new ServiceException(ErrorReason.RequestIncomplete, "the code is missing; send its words and width");
        if (code.Bits != width.Bits)
            throw new ServiceException(ErrorReason.CodeWidthWrong, $"the code has {code.Bits} bits, but this server's codes have {width.Bits}");
        ReadOnlySpan<byte> bytes = code.Words.Span;
        if (bytes.Length != width.Bytes)
            throw new ServiceException(ErrorReason.CodeWidthWrong, $"the code has {bytes.Length} bytes, but width {width.Bits} needs {width.Bytes}");
        ulong[] words = new ulong[width.Words];
        for (int i = 0; i < words.Length; i++) words[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * sizeof(ulong))..]);
        if (!width.Fits(words))
            throw new ServiceException(ErrorReason.CodeWidthWrong, $"the code has bits set above bit {width.Bits - 1}; clear the spare bits");
        return words;
    }

    public static Code ToCode(ulong[] words, int bits)
    {
        if (BitConverter.IsLittleEndian) return new Code { Bits = (uint)bits, Words = ByteString.CopyFrom(MemoryMarshal.AsBytes(words.AsSpan())) };
        byte[] bytes = new byte[words.Length * sizeof(ulong)];
        for (int i = 0; i < words.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong)), words[i]);
        return new Code { Bits = (uint)bits, Words = UnsafeByteOperations.UnsafeWrap(bytes) };
    }

    public static ByteString ToBytes(ContentDigest digest)
    {
        byte[] bytes = new byte[ContentDigest.Bytes];
        digest.CopyTo(bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <exception cref="ServiceException">The store id is none.</exception>
    public static BackupPoint ToPoint(BackupPosition have) => Guid.TryParse(have.StoreId, out Guid storeId)
        ? new BackupPoint(storeId, (int)have.Generation, (long)have.Sequence, (long)have.Address, have.Link)
        : throw new ServiceException(ErrorReason.RequestIncomplete, $"'{have.StoreId}' is no store id; send the one in the copy's superblock");

    public static ItemError ToItemError(Failure failure) => new()
    {
        Code = (uint)failure.Entry.Status,
        Reason = failure.Entry.Name,
        Message = failure.Message,
    };

    public static ModelIdentity ToIdentity(EncodePipeline encoding) => new()
    {
        Name = encoding.Model.Name,
        Fingerprint = encoding.Model.Fingerprint,
        Bits = (uint)encoding.Model.Bits,
        InputPixels = (uint)encoding.Model.InputSize,
        Device = encoding.Device,
    };
}
