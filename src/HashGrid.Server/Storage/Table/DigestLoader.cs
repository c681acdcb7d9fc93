namespace HashGrid.Server.Storage.Table;

/// <summary>Fills the table of digests on a thread of its own while the journal is verified; without a table it does nothing and costs nothing.</summary>
internal sealed class DigestLoader(DigestTable? table) : IDisposable
{
    private readonly ReplaySteps<(ulong Id, uint Tag, uint Sequence)>? _steps =
        table is null ? null : new ReplaySteps<(ulong Id, uint Tag, uint Sequence)>(steps =>
        {
            foreach ((ulong id, uint tag, uint sequence) in steps)
                table.Add(tag, id, sequence);
        });

    /// <summary>Whether it wants to know of digests.</summary>
    public bool Wants => _steps is not null;

    public void Put(ContentDigest digest, ulong id, long sequence) => _steps?.Add((id, digest.Tag, (uint)sequence));

    /// <summary>Returns when everything is in the table.</summary>
    public void Finish() => _steps?.Finish();

    public void Dispose() => _steps?.Dispose();
}
