using HashGrid.Index.Segments;

namespace HashGrid.Index.Planning;

/// <summary>Working memory of the searches of one thread: grows to what they need, then is used again, so that searches allocate nothing.</summary>
internal static unsafe class SearchScratch
{
    [ThreadStatic]
    private static NativeBlock? _block;

    /// <summary>At least <paramref name="bytes"/> bytes of unspecified content, valid until the next call on this thread.</summary>
    public static byte* Take(long bytes)
    {
        NativeBlock? block = _block;
        if (block is null || block.Length < bytes) _block = block = NativeBlock.Allocate(Math.Max(bytes, 64 << 10) * 2);
        return block.Pointer;
    }
}
