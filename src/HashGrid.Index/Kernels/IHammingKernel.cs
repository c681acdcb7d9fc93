namespace HashGrid.Index.Kernels;

/// <summary>One query against a block of codes, for one instruction set.</summary>
/// <remarks>
/// Codes are N × W words without gaps; no kernel reads beyond the last word. Distances fit a <c>ushort</c>, since a code has at most 1024 bits.
/// </remarks>
internal unsafe interface IHammingKernel
{
    /// <summary>Its name for <c>HASHGRID_FORCE_KERNEL</c>.</summary>
    public static abstract string Name { get; }

    /// <summary>Whether this processor can run it.</summary>
    public static abstract bool IsSupported { get; }

    /// <summary>distances[i] = popcount(query ^ codes[i]); query W words, codes N × W, distances N, in bits.</summary>
    public static abstract void Distances(ReadOnlySpan<ulong> query, ReadOnlySpan<ulong> codes, Span<ushort> distances);

    /// <summary>The first row at or after <paramref name="from"/> with a distance of at most <paramref name="limit"/>; <paramref name="to"/> if none.</summary>
    /// <remarks>
    /// A search asks again from the row after each hit. Hits are rare once the answer is nearly full, so nearly all of the time goes into the
    /// rejecting loop, which neither stores distances nor leaves the registers.
    /// </remarks>
    public static abstract nint FirstWithin(ulong* query, int words, ulong* codes, nint from, nint to, int limit);
}
