using HashGrid.Index.Planning;
using HashGrid.Index.Segments;

namespace HashGrid.Index.MultiIndex;

/// <summary>Builds a <see cref="MultiIndexTable"/> by one counting sort a substring: count, sum, place.</summary>
internal static unsafe class MultiIndexBuilder
{
    /// <summary>Longest substring whose offsets are kept as a plain array: 2^24 × 4 bytes.</summary>
    private const int MaxLength = 24;

    private const int MinLength = 6;

    /// <summary>How many substrings fit <paramref name="rows"/> codes of <paramref name="bits"/> bits.</summary>
    /// <remarks>
    /// The number for which ten neighbours of a random query cost least, counted on random codes: buckets up to the radius where ten are
    /// expected, and the rows in them. About bits / log2(rows), but the right rounding is worth up to three times.
    /// </remarks>
    public static int ChooseParts(int bits, long rows)
    {
        int radius = ExpectedRadius.Of(bits, rows, 10), best = 0;
        double bestCost = double.MaxValue;
        for (int parts = (bits + MaxLength - 1) / MaxLength; parts <= (bits + MinLength - 1) / MinLength; parts++)
        {
            Substring[] substrings = Substring.Split(bits, parts);
            double cost = new MultiIndexSteps().CostUpTo(radius, substrings, MultiIndexCost.OfRandom(substrings, rows, bits));
            if (cost >= bestCost) continue;
            best = parts;
            bestCost = cost;
        }
        return Math.Max(best, 1);
    }

    /// <summary>Memory that the tables will take.</summary>
    public static long Bytes(CodeWidth width, int count, int parts, bool isInOrder) =>
        Substring.Split(width.Bits, parts).Sum(part => ((1L << part.Length) + 1) * sizeof(uint)) + ((parts - (isInOrder ? 1 : 0)) * MultiIndexTable.RowBlockBytes(count));

    /// <summary>The order of rows in which those of one bucket of substring 0 lie together, and in it as before: order[new row] = present row.</summary>
    public static NativeBlock OrderByFirst(CodeWidth width, ulong* codes, int count, int parts)
    {
        Substring first = Substring.Split(width.Bits, parts)[0];
        NativeBlock offsets = NativeBlock.AllocateZeroed(((1L << first.Length) + 1) * sizeof(uint)), order = NativeBlock.Allocate((long)count * sizeof(uint));
        Sort(first, width.Words, codes, count, (uint*)offsets.Pointer, order.Pointer, rowBytes: sizeof(uint));
        offsets.Free();
        return order;
    }

    /// <summary>The rows in the order of <see cref="OrderByFirst"/>, and where each came from, in one pass to new memory.</summary>
    /// <param name="width">Width of the codes.</param>
    /// <param name="codes">Codes in their present order.</param>
    /// <param name="count">How many.</param>
    /// <param name="parts">Substrings.</param>
    /// <returns>The codes, and the order in the form of <see cref="MultiIndexTable.Row"/>.</returns>
    public static (NativeBlock Codes, NativeBlock Order) SortByFirst(CodeWidth width, ulong* codes, int count, int parts)
    {
        Substring first = Substring.Split(width.Bits, parts)[0];
        int words = width.Words;
        bool isShort = MultiIndexTable.BytesFor(count) == 3;
        NativeBlock starts = NativeBlock.AllocateZeroed(((1L << first.Length) + 1) * sizeof(uint));
        NativeBlock moved = NativeBlock.Allocate((long)count * width.Bytes), order = NativeBlock.AllocateZeroed(MultiIndexTable.RowBlockBytes(count));
        uint* next = (uint*)starts.Pointer;
        Count(first, words, codes, count, next);
        ulong* to = (ulong*)moved.Pointer;
        for (int row = 0; row < count; row++)
        {
            if ((row & BackgroundPriority.RowMask) == 0) BackgroundPriority.GiveWay();
            ulong* code = codes + ((nint)row * words);
            nuint place = next[first.Key(code)]++;
            for (int w = 0; w < words; w++) to[(place * (uint)words) + (uint)w] = code[w];
            Put(order.Pointer, place, row, isShort);
        }
        starts.Free();
        return (moved, order);
    }

    /// <summary>Builds the tables over the first <paramref name="count"/> rows of <paramref name="codes"/>.</summary>
    /// <param name="width">Width of the codes.</param>
    /// <param name="codes">The rows.</param>
    /// <param name="count">How many.</param>
    /// <param name="parts">Substrings.</param>
    /// <param name="isInOrder">The rows were sorted by <see cref="OrderByFirst"/>.</param>
    /// <param name="copyCodes">Whether tables keep codes in bucket order.</param>
    /// <param name="threads">Most threads to use.</param>
    /// <param name="progress">Told how far it is.</param>
    public static MultiIndexTable Build(
        CodeWidth width, ulong* codes, int count, int parts, bool isInOrder, bool copyCodes, int threads, BuildReporter? progress = null)
    {
        Substring[] substrings = Substring.Split(width.Bits, parts);
        var offsets = new NativeBlock[parts];
        var rows = new NativeBlock?[parts];
        NativeBlock?[]? copies = copyCodes ? new NativeBlock?[parts] : null;
        int words = width.Words;
        progress?.Begin(BuildStage.Tables, parts);
        Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, part =>
        {
            Substring substring = substrings[part];
            offsets[part] = NativeBlock.AllocateZeroed(((1L << substring.Length) + 1) * sizeof(uint));
            if (part == 0 && isInOrder)
            {
                Count(substring, words, codes, count, (uint*)offsets[part].Pointer);
            }
            else
            {
                NativeBlock order = NativeBlock.AllocateZeroed(MultiIndexTable.RowBlockBytes(count));
                Sort(substring, words, codes, count, (uint*)offsets[part].Pointer, order.Pointer, MultiIndexTable.BytesFor(count));
                rows[part] = order;
                if (copies is not null) copies[part] = Copy(words, codes, count, order.Pointer);
            }
            progress?.Advance(1);
        });
        return new MultiIndexTable(substrings, offsets, rows, copies, count);
    }

    /// <summary>offsets[key] = the first place of the key's rows, once rows are sorted by key.</summary>
    private static void Count(Substring substring, int words, ulong* codes, int count, uint* offsets)
    {
        nint buckets = (nint)1 << substring.Length;
        for (int row = 0; row < count; row++)
        {
            offsets[substring.Key(codes + ((nint)row * words))]++;
            if ((row & BackgroundPriority.RowMask) == 0) BackgroundPriority.GiveWay();
        }
        uint start = 0;
        for (nint bucket = 0; bucket <= buckets; bucket++) (offsets[bucket], start) = (start, start + offsets[bucket]);
    }

    private static void Sort(Substring substring, int words, ulong* codes, int count, uint* offsets, byte* rows, int rowBytes)
    {
        Count(substring, words, codes, count, offsets);
        nint buckets = (nint)1 << substring.Length;
        // The end of each bucket; placing from the back turns it into the start.
        for (nint bucket = 0; bucket < buckets; bucket++) offsets[bucket] = offsets[bucket + 1];
        bool isShort = rowBytes == 3;
        for (int row = count - 1; row >= 0; row--)
        {
            if ((row & BackgroundPriority.RowMask) == 0) BackgroundPriority.GiveWay();
            nuint place = --offsets[substring.Key(codes + ((nint)row * words))];
            Put(rows, place, row, isShort);
        }
    }

    private static void Put(byte* rows, nuint place, int row, bool isShort)
    {
        if (!isShort)
        {
            ((uint*)rows)[place] = (uint)row;
            return;
        }
        *(ushort*)(rows + (3 * place)) = (ushort)row;
        rows[(3 * place) + 2] = (byte)(row >> 16);
    }

    private static NativeBlock Copy(int words, ulong* codes, int count, byte* rows)
    {
        NativeBlock block = NativeBlock.Allocate((long)count * words * sizeof(ulong));
        ulong* copy = (ulong*)block.Pointer;
        int rowBytes = MultiIndexTable.BytesFor(count);
        for (int place = 0; place < count; place++)
        {
            if ((place & BackgroundPriority.RowMask) == 0) BackgroundPriority.GiveWay();
            ulong* code = codes + ((nint)MultiIndexTable.Row(rows, (uint)place, rowBytes) * words);
            for (int w = 0; w < words; w++) *copy++ = code[w];
        }
        return block;
    }
}
