using Google.Protobuf;

namespace HashGrid.Client.Transport;

/// <summary>Cuts large files, so that neither side needs one buffer of a whole file and other items are not held up for long.</summary>
internal static class ImageChunks
{
    /// <summary>Larger files travel in chunks.</summary>
    public const int WholeBytes = 1 << 20;

    /// <summary>Largest chunk; below the 85,000 bytes from which arrays land on the large-object heap.</summary>
    public const int ChunkBytes = 64 << 10;

    public static bool MustCut(ReadOnlyMemory<byte> file) => file.Length > WholeBytes;

    // Wrapped, not copied: the caller leaves the file unchanged until its result has come.
    public static ByteString Wrap(ReadOnlyMemory<byte> bytes) => UnsafeByteOperations.UnsafeWrap(bytes);

    public static IEnumerable<ByteString> Cut(ReadOnlyMemory<byte> file)
    {
        for (int offset = 0; offset < file.Length; offset += ChunkBytes)
            yield return Wrap(file.Slice(offset, Math.Min(ChunkBytes, file.Length - offset)));
    }
}
