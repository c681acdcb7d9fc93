using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HashGrid.Model.Training;

/// <summary>Rows of equal length that took work to make, in one file: magic, bytes a row, number of rows, SHA-256 of what they were made of, then the rows.</summary>
/// <remarks>Read by position from the page cache: there may be more of them than memory. Reading is thread-safe.</remarks>
internal sealed class RowFile : IDisposable
{
    private const int HeaderBytes = 64;
    private static readonly byte[] Magic = "HashGrid rows 1\n"u8.ToArray();
    private readonly SafeFileHandle _file;
    private readonly int _rowBytes;

    private RowFile(SafeFileHandle file, int rowBytes) => (_file, _rowBytes) = (file, rowBytes);

    /// <summary>Opens a file of exactly these rows; null if there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="identity">SHA-256 of everything that decides the rows.</param>
    /// <param name="rows">How many.</param>
    /// <param name="rowBytes">Length of each.</param>
    public static RowFile? Open(string path, byte[] identity, long rows, int rowBytes)
    {
        if (!File.Exists(path))
            return null;
        SafeFileHandle file = File.OpenHandle(path);
        byte[] header = new byte[HeaderBytes];
        if (RandomAccess.Read(file, header, 0) == HeaderBytes && header.AsSpan().SequenceEqual(Header(identity, rows, rowBytes)) && RandomAccess.GetLength(file) == HeaderBytes + (rows * rowBytes))
            return new RowFile(file, rowBytes);
        file.Dispose();
        return null;
    }

    /// <summary>Makes every row, in any order, into a new file, which appears whole or not at all.</summary>
    public static RowFile Create(string path, byte[] identity, long rows, int rowBytes, Action<Action<long, byte[]>> makeAll)
    {
        string partial = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (SafeFileHandle file = File.OpenHandle(partial, FileMode.Create, FileAccess.Write, preallocationSize: HeaderBytes + (rows * rowBytes)))
            {
                RandomAccess.Write(file, Header(identity, rows, rowBytes), 0);
                makeAll((row, bytes) => RandomAccess.Write(file, bytes, HeaderBytes + (row * rowBytes)));
                RandomAccess.FlushToDisk(file);
            }
            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
        return Open(path, identity, rows, rowBytes) ?? throw new IOException($"'{path}' was changed while it was written");
    }

    public void Read(long row, Span<byte> destination)
    {
        if (RandomAccess.Read(_file, destination[.._rowBytes], HeaderBytes + (row * _rowBytes)) != _rowBytes)
            throw new IOException($"a file of kept rows ends before row {row}; delete it to make it again");
    }

    public void Dispose() => _file.Dispose();

    private static byte[] Header(byte[] identity, long rows, int rowBytes)
    {
        byte[] header = new byte[HeaderBytes];
        Magic.CopyTo(header, 0);
        MemoryMarshal.Write(header.AsSpan(16), rowBytes);
        MemoryMarshal.Write(header.AsSpan(24), rows);
        identity.CopyTo(header, 32);
        return header;
    }
}
