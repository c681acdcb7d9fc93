namespace HashGrid.Index.Kernels;

/// <summary>One kernel as a value: its name and its routines, called by pointer once a run of codes, not once a code.</summary>
internal sealed unsafe class HammingKernel
{
    private readonly delegate*<ReadOnlySpan<ulong>, ReadOnlySpan<ulong>, Span<ushort>, void> _distances;
    private readonly delegate*<ulong*, int, ulong*, nint, nint, int, nint> _firstWithin;

    private HammingKernel(
        string name,
        bool isSupported,
        delegate*<ReadOnlySpan<ulong>, ReadOnlySpan<ulong>, Span<ushort>, void> distances,
        delegate*<ulong*, int, ulong*, nint, nint, int, nint> firstWithin)
    {
        Name = name;
        IsSupported = isSupported;
        _distances = distances;
        _firstWithin = firstWithin;
    }

    public string Name { get; }

    public bool IsSupported { get; }

    public static HammingKernel Of<TKernel>()
        where TKernel : IHammingKernel => new(TKernel.Name, TKernel.IsSupported, &TKernel.Distances, &TKernel.FirstWithin);

    /// <inheritdoc cref="IHammingKernel.Distances"/>
    public void Distances(ReadOnlySpan<ulong> query, ReadOnlySpan<ulong> codes, Span<ushort> distances)
    {
        if (codes.Length != (long)distances.Length * query.Length) throw new ArgumentException("codes must be distances × query words");
        _distances(query, codes, distances);
    }

    /// <inheritdoc cref="IHammingKernel.FirstWithin"/>
    public nint FirstWithin(ulong* query, int words, ulong* codes, nint from, nint to, int limit) =>
        _firstWithin(query, words, codes, from, to, limit);

    public override string ToString() => Name;
}
