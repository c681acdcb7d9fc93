namespace HashGrid.Index.Segments;

/// <summary>Makes one segment of several, without the rows that were removed. Runs beside searches and the writer.</summary>
/// <param name="width">Width of the codes.</param>
/// <param name="inputs">Sealed segments.</param>
/// <param name="removed">Their tombstones at the beginning, copied under the writer's lock.</param>
internal sealed unsafe class SegmentMerger(CodeWidth width, Segment[] inputs, ulong[][] removed)
{
    /// <summary>The merged segment, or null if no row is left.</summary>
    public Segment? Merged { get; private set; }

    /// <summary>Copies the live rows and builds their structures. The long part; holds no lock.</summary>
    public void Build(HammingIndexOptions options)
    {
        long rows = 0;
        for (int i = 0; i < inputs.Length; i++) rows += LiveRows(i).LongCount();
        if (rows == 0) return;
        int count = checked((int)rows), words = width.Words;
        NativeBlock codes = NativeBlock.Allocate(rows * width.Bytes), ids = NativeBlock.Allocate(rows * sizeof(ulong));
        NativeBlock? labels = inputs.Any(input => input.Labels.Block is not null) ? NativeBlock.Allocate(rows * sizeof(ulong)) : null;
        ulong* nextCode = (ulong*)codes.Pointer, nextId = (ulong*)ids.Pointer, nextLabels = labels is null ? null : (ulong*)labels.Pointer;
        for (int i = 0; i < inputs.Length; i++)
        {
            foreach (int row in LiveRows(i))
            {
                if ((row & BackgroundPriority.RowMask) == 0) BackgroundPriority.GiveWay();
                new ReadOnlySpan<ulong>(inputs[i].Code(row), words).CopyTo(new Span<ulong>(nextCode, words));
                nextCode[words - 1] &= width.LastWordMask; // only a crafted file has spare bits; structures rely on there being none
                nextCode += words;
                *nextId++ = inputs[i].Ids[row];
                if (nextLabels != null) *nextLabels++ = inputs[i].Labels[row];
            }
        }
        Merged = SegmentBuilder.Build(width, count, codes, IdColumn.Given(ids), labels, options);
        Merged.BuildTable();
        GC.KeepAlive(inputs);
    }

    /// <summary>Marks the rows that were removed since <see cref="Build"/> began, or since the last call.</summary>
    /// <returns>How many.</returns>
    /// <remarks>Without the writer's lock it may miss the latest; the last call is made under the lock.</remarks>
    public int CatchUp()
    {
        if (Merged is null) return 0;
        int count = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            ReadOnlySpan<ulong> now = inputs[i].Removed.Words;
            if (removed[i].Length < now.Length) removed[i] = new ulong[now.Length];
            for (int word = 0; word < now.Length; word++)
            {
                ulong late = now[word] & ~removed[i][word];
                removed[i][word] |= late;
                for (; late != 0; late &= late - 1)
                {
                    int row = Merged.FindLive(inputs[i].Ids[(word * 64) + System.Numerics.BitOperations.TrailingZeroCount(late)]);
                    if (row < 0) continue;
                    Merged.Removed.Mark(row);
                    count++;
                }
            }
        }
        return count;
    }

    private IEnumerable<int> LiveRows(int input)
    {
        int count = inputs[input].Count;
        ulong[] marks = removed[input];
        for (int row = 0; row < count; row++)
        {
            if (marks.Length == 0 || ((marks[row >> 6] >> row) & 1) == 0) yield return row;
        }
    }
}
