using System.IO.MemoryMappedFiles;

namespace HashGrid.Index.Persistence;

/// <summary>A whole file in memory, read-only. Unmapped by finalizers once no segment refers to it.</summary>
internal sealed unsafe class MappedFile
{
    // Both hold handles with finalizers of their own, which run only after this object is unreachable.
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    public MappedFile(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1, FileOptions.RandomAccess);
        Length = stream.Length;
        if (Length < FileLayout.HeaderBytes)
        {
            throw new IndexFormatException(IndexFormatProblem.WrongLength, 0,
                $"{path} has {Length} bytes, but an index file has at least {FileLayout.HeaderBytes}; it was cut off or is no index");
        }
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        Pointer = pointer + _view.PointerOffset;
    }

    ~MappedFile()
    {
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _file?.Dispose();
    }

    public byte* Pointer { get; }

    public long Length { get; }
}
