using System.Runtime.InteropServices;

namespace HashGrid.Index.Segments;

/// <summary>Memory outside the garbage collector's heap: aligned, of any length, in huge pages where the system has them.</summary>
/// <remarks>
/// What searches see is freed by its finalizer alone, when no segment and so no search refers to it: readers take no lock and count no references. Who uses
/// <see cref="Pointer"/> keeps the block reachable until done (<see cref="GC.KeepAlive"/>).
/// </remarks>
internal sealed unsafe class NativeBlock
{
    private const nuint Alignment = 64;
    private const nuint HugePage = 2 << 20;
    private readonly object? _owner;
    private bool _isFree;

    private NativeBlock(byte* pointer, long length, object? owner)
    {
        Pointer = pointer;
        Length = length;
        _owner = owner;
        if (owner is null) GC.AddMemoryPressure(Math.Max(1, length));
        else GC.SuppressFinalize(this);
    }

    ~NativeBlock() => Free();

    public byte* Pointer { get; }

    /// <summary>Bytes that may be used.</summary>
    public long Length { get; }

    /// <summary>Whether the bytes belong to a mapped file rather than to this process.</summary>
    public bool IsMapped => _owner is not null;

    /// <summary>Gives the memory back at once: for working memory that no search has seen.</summary>
    public void Free()
    {
        if (_isFree || _owner is not null) return;
        _isFree = true;
        GC.SuppressFinalize(this);
        NativeMemory.AlignedFree(Pointer);
        GC.RemoveMemoryPressure(Math.Max(1, Length));
    }

    /// <summary>New memory of unspecified content.</summary>
    public static NativeBlock Allocate(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        // One spare alignment unit lets kernels of 4-byte entries load whole words at the end.
        nuint bytes = (nuint)length + Alignment, alignment = bytes >= 2 * HugePage ? HugePage : Alignment;
        byte* pointer = (byte*)NativeMemory.AlignedAlloc(bytes, alignment);
        if (alignment == HugePage) HugePages.Advise(pointer, bytes);
        return new NativeBlock(pointer, length, null);
    }

    /// <summary>New memory filled with zeros.</summary>
    public static NativeBlock AllocateZeroed(long length)
    {
        NativeBlock block = Allocate(length);
        NativeMemory.Clear(block.Pointer, (nuint)length);
        return block;
    }

    /// <summary>Bytes that <paramref name="owner"/> keeps alive, such as a mapped file.</summary>
    public static NativeBlock View(object owner, byte* pointer, long length) => new(pointer, length, owner);
}
