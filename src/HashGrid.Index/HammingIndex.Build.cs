using HashGrid.Index.Segments;

namespace HashGrid.Index;

public sealed partial class HammingIndex
{
    /// <summary>Makes an index of many codes at once: one sealed segment with its structures, ready to be searched and changed.</summary>
    /// <param name="width">Bits a code, 8 to 1024.</param>
    /// <param name="ids">One id a code, all different; empty: ids are positions, and cost no memory.</param>
    /// <param name="codes">Codes × <c>width.Words</c> words, spare bits zero.</param>
    /// <param name="options">How to keep them; the default is right for most.</param>
    /// <param name="labels">The labels of each code, one bit each, for <see cref="SearchOptions.AnyLabel"/>; empty: none, and cost no memory.</param>
    /// <returns>The index; the spans are copied and not kept.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="codes"/> is no whole number of codes or has spare bits set; <paramref name="ids"/> or <paramref name="labels"/> has another count, or an id comes twice.
    /// </exception>
    /// <remarks>O(n · m) for m substrings, spread over <see cref="HammingIndexOptions.BuildThreads"/>. At most 2^31 − 1 words in one call.</remarks>
    public static unsafe HammingIndex Build(
        CodeWidth width, ReadOnlySpan<ulong> ids, ReadOnlySpan<ulong> codes, HammingIndexOptions? options = null, ReadOnlySpan<ulong> labels = default)
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
        if (labels.Length != 0 && labels.Length != count)
        {
            throw new ArgumentException($"there are labels of {labels.Length} codes for {count} codes; give them for each, or none", nameof(labels));
        }
        if (width.LastWordMask != ulong.MaxValue)
        {
            for (int row = 0; row < count; row++) width.Require(codes.Slice(row * width.Words, width.Words), $"{nameof(codes)}[{row}]");
        }
        if (count == 0) return new HammingIndex(width, options, []);

        NativeBlock codeBlock = NativeBlock.Allocate((long)codes.Length * sizeof(ulong));
        codes.CopyTo(new Span<ulong>(codeBlock.Pointer, codes.Length));
        return new HammingIndex(width, options, [BuildSegment(width, count, codeBlock, CopyOf(ids), CopyOf(labels), 0, options, null)]);
    }

    /// <summary>Makes an index of raw codes as they come from a stream, such as a file too large to be held twice.</summary>
    /// <param name="width">Bits a code, 8 to 1024.</param>
    /// <param name="codes">Codes × <c>width.Words</c> little-endian 64-bit words without a header, read to the end; spare bits zero.</param>
    /// <param name="ids">One little-endian 64-bit id a code, all different; null: ids are positions, and cost no memory.</param>
    /// <param name="options">How to keep them; the default is right for most.</param>
    /// <param name="progress">Told how far it is, a few times a second, from several threads.</param>
    /// <returns>The index; the streams are not kept.</returns>
    /// <exception cref="ArgumentException">A stream ends within a row, there are more or fewer ids than codes, an id twice, or spare bits set.</exception>
    /// <remarks>
    /// Codes are read into native memory and put in order there: with a second copy for a moment where that fits the machine, else within their own
    /// place. A billion 64-bit codes fit 24 GB either way. One segment for each 2^30 codes.
    /// </remarks>
    public static unsafe HammingIndex Build(
        CodeWidth width, Stream codes, Stream? ids = null, HammingIndexOptions? options = null, IProgress<BuildProgress>? progress = null)
    {
        const int MostRows = 1 << 30;
        options = HammingIndexOptions.Require(options);
        ArgumentNullException.ThrowIfNull(codes);
        if (width.Bits == 0) throw new ArgumentException("width is default(CodeWidth); use new CodeWidth(bits)", nameof(width));
        BuildReporter? reporter = progress is null ? null : new BuildReporter(progress);
        CodeReader codeReader = new(codes, width.Words, nameof(codes));
        CodeReader? idReader = ids is null ? null : new CodeReader(ids, 1, nameof(ids));
        List<Segment> segments = [];
        for (ulong first = 0; ;)
        {
            reporter?.Begin(BuildStage.Reading, Math.Min(MostRows, codeReader.RowsLeft ?? 0));
            (NativeBlock block, int rows) = codeReader.Read(MostRows, reporter is null ? null : reporter.Advance);
            (NativeBlock? idBlock, int idCount) = (null, rows);
            if (idReader is not null) (idBlock, idCount) = idReader.Read(Math.Max(rows, 1), null);
            if (idCount != rows)
            {
                string found = idCount < rows ? $"{first + (ulong)idCount} ids" : "more ids";
                throw new ArgumentException($"there are {found} for {first + (ulong)rows} codes; give one each, or none", nameof(ids));
            }
            if (rows == 0) break;
            if (width.LastWordMask != ulong.MaxValue)
            {
                for (nint row = 0; row < rows; row++)
                {
                    width.Require(new ReadOnlySpan<ulong>((ulong*)block.Pointer + (row * width.Words), width.Words), $"{nameof(codes)}[{first + (ulong)row}]");
                }
            }
            segments.Add(BuildSegment(width, rows, block, idBlock, null, first, options, reporter));
            first += (ulong)rows;
        }
        if (ids is not null) RequireDifferentIds(segments);
        return new HammingIndex(width, options, [.. segments]);
    }

    private static unsafe NativeBlock? CopyOf(ReadOnlySpan<ulong> values)
    {
        if (values.IsEmpty) return null;
        NativeBlock block = NativeBlock.Allocate((long)values.Length * sizeof(ulong));
        values.CopyTo(new Span<ulong>(block.Pointer, values.Length));
        return block;
    }

    private static unsafe Segment BuildSegment(
        CodeWidth width, int count, NativeBlock codes, NativeBlock? ids, NativeBlock? labels, ulong first, HammingIndexOptions options, BuildReporter? reporter)
    {
        Segment segment = SegmentBuilder.Build(width, count, codes, ids is null ? IdColumn.Counted(first) : IdColumn.Given(ids), labels, options, reporter);
        if (ids is not null && segment.BuildTable() is ulong twice)
        {
            throw new ArgumentException($"id {twice} occurs twice in ids; every code needs its own", nameof(ids));
        }
        return segment;
    }

    /// <summary>Within a segment ids were compared when its table was built; here between segments.</summary>
    private static void RequireDifferentIds(List<Segment> segments)
    {
        for (int i = 1; i < segments.Count; i++)
        {
            for (int row = 0; row < segments[i].Count; row++)
            {
                ulong id = segments[i].Ids[row];
                if (segments[..i].Exists(other => other.FindLive(id) >= 0)) throw new ArgumentException($"id {id} occurs twice in ids; every code needs its own", "ids");
            }
        }
    }
}
