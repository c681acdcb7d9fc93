using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using HashGrid.Model.Datasets;
using Microsoft.Win32.SafeHandles;

namespace HashGrid.Model.Training;

/// <summary>Decoded pictures in one file, so that a set is decoded once: magic, side, SHA-256 of what was decoded, then S² bytes a picture.</summary>
/// <remarks>Read by position from the page cache: a set may be larger than memory. Thread-safe.</remarks>
internal sealed class PictureRows
{
    private const int HeaderBytes = 64;
    private static readonly byte[] Magic = "HashGrid pixels1"u8.ToArray();
    private readonly SafeFileHandle _file;
    private readonly int _rowBytes;

    private PictureRows(SafeFileHandle file, int rowBytes) => (_file, _rowBytes) = (file, rowBytes);

    /// <summary>Opens a file of exactly these pictures; null if there is none.</summary>
    public static PictureRows? Open(string path, IReadOnlyList<LabelledImage> images, int size)
    {
        if (!File.Exists(path))
            return null;
        SafeFileHandle file = File.OpenHandle(path);
        byte[] header = new byte[HeaderBytes];
        if (RandomAccess.Read(file, header, 0) == HeaderBytes && header.AsSpan().SequenceEqual(Header(images, size)) && RandomAccess.GetLength(file) == HeaderBytes + (long)images.Count * size * size)
            return new PictureRows(file, size * size);
        file.Dispose();
        return null;
    }

    /// <summary>Decodes every picture into a new file, which appears whole or not at all.</summary>
    public static PictureRows Create(string path, IReadOnlyList<LabelledImage> images, int size, Action<Action<int, byte[]>> decodeAll)
    {
        string partial = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (SafeFileHandle file = File.OpenHandle(partial, FileMode.Create, FileAccess.Write, preallocationSize: HeaderBytes + (long)images.Count * size * size))
            {
                RandomAccess.Write(file, Header(images, size), 0);
                decodeAll((i, row) => RandomAccess.Write(file, row, HeaderBytes + (long)i * size * size));
                RandomAccess.FlushToDisk(file);
            }
            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
        return Open(path, images, size) ?? throw new IOException($"'{path}' was changed while it was written");
    }

    public void Read(int row, Span<byte> destination)
    {
        if (RandomAccess.Read(_file, destination[.._rowBytes], HeaderBytes + (long)row * _rowBytes) != _rowBytes)
            throw new IOException($"the file of decoded pictures ends before picture {row}; delete it to decode them again");
    }

    /// <summary>Changes when a picture is added, replaced or moved: its path, length and time of change enter.</summary>
    private static byte[] Header(IReadOnlyList<LabelledImage> images, int size)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (LabelledImage image in images)
        {
            var file = new FileInfo(image.Path);
            hash.AppendData(Encoding.UTF8.GetBytes($"{image.Path}\n{(file.Exists ? file.Length : 0)}\n{(file.Exists ? file.LastWriteTimeUtc.Ticks : 0)}\n"));
        }
        byte[] header = new byte[HeaderBytes];
        Magic.CopyTo(header, 0);
        MemoryMarshal.Write(header.AsSpan(16), size);
        MemoryMarshal.Write(header.AsSpan(20), images.Count);
        hash.GetHashAndReset().CopyTo(header, 32);
        return header;
    }
}
