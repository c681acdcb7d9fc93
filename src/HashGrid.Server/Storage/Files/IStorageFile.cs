namespace HashGrid.Server.Storage.Files;

/// <summary>One open file. Reads may run beside a write; writes come from one thread at a time.</summary>
public interface IStorageFile : IDisposable
{
    /// <summary>Current length in bytes.</summary>
    long Length { get; }

    /// <summary>Reads up to the end of the file; what lies beyond it is left alone.</summary>
    /// <returns>Bytes read, fewer than asked only at the end.</returns>
    int Read(Span<byte> destination, long offset);

    /// <summary>Writes all bytes; they survive a power cut only after <see cref="Sync"/>.</summary>
    void Write(ReadOnlySpan<byte> source, long offset);

    /// <summary>Returns when everything written, and the length, is on the device.</summary>
    void Sync();

    /// <summary>Allocates disk space up to <paramref name="length"/> bytes; what is new reads as zeros.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    void Reserve(long length);
}
