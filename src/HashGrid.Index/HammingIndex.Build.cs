using HashGrid.Index.Segments;

namespace HashGrid.Index;

public sealed partial class HammingIndex
{
    /// <summary>Makes an index of many codes at once: one sealed segment with its structures, ready to be searched and changed.</summary>
    /// <param name="width">Bits a code, 8 to 1024.</param>
    /// <param name="ids">One id a code, all different; empty: ids are positions, and cost no memory.</param>
    /// <param name="codes">Codes × <c>width.Words</c> words, spare bits zero.</param>
    /// <param name="options">How to keep them; the default is right for most.</param>
    /// <returns>The index; the spans are copied and not kept.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="codes"/> is no whole number of codes or has spare bits set; <paramref name="ids"/> has another count, or an id twice.
    /// </exception>
    /// <remarks>O(n · m) for m substrings, spread over <see cref="HammingIndexOptions.BuildThreads"/>. At most 2^31 − 1 words in one call.</remarks>
    public static unsafe HammingIndex Build(
        CodeWidth width, ReadOnlySpan<ulong> ids, ReadOnlySpan<ulong> codes, HammingIndexOptions? options = null)
    {
        options = HammingIndexOptions.Require(options);
        if (width.Bits == 0) throw new ArgumentException("width is default(CodeWidth); use new CodeWidth(bits)", nameof(width));
        if (codes.Length % width.Words != 0)
        {
            throw new ArgumentException($"codes have {codes.Length} words, but width {width.Bits} needs a multiple of {width.Words}", nameof(codes));
        }
        int count = codes.Length / width.Words;
        if (ids.Length != 0 && ids.Length != count)
        {
            throw new ArgumentException($"there are {ids.Length} ids for {count} codes; give one each, or none", nameof(ids));
        }
        if (width.LastWordMask != ulong.MaxValue)
        {
            for (int row = 0; row < count; row++) width.Require(codes.Slice(row * width.Words, width.Words), $"{nameof(codes)}[{row}]");
        }
        if (count == 0) return new HammingIndex(width, options, []);

        NativeBlock codeBlock = NativeBlock.Allocate((long)codes.Length * sizeof(ulong));
        codes.CopyTo(new Span<ulong>(codeBlock.Pointer, codes.Length));
        IdColumn column = IdColumn.Counted(0);
        if (!ids.IsEmpty)
        {
            NativeBlock idBlock = NativeBlock.Allocate((long)count * sizeof(ulong));
            ids.CopyTo(new Span<ulong>(idBlock.Pointer, count));
            column = IdColumn.Given(idBlock);
        }
        Segment segment = SegmentBuilder.Build(width, count, codeBlock, column, options);
        if (!ids.IsEmpty && segment.BuildTable() is ulong twice)
        {
            throw new ArgumentException($"id {twice} occurs twice in ids; every code needs its own", nameof(ids));
        }
        return new HammingIndex(width, options, [segment]);
    }
}
