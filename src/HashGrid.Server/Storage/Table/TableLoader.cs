using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Table;

/// <summary>Fills the code table on a thread of its own while the journal is verified, since each takes about as long as the other.</summary>
internal sealed class TableLoader : IDisposable
{
    private const long Gone = -1;

    // Steps before its own that an id's bucket is asked for: microseconds, several times what memory takes.
    private const int Ahead = 16;

    private readonly ReplaySteps<(ulong Id, long Place)> _steps;

    public TableLoader(CodeTable table) => _steps = new ReplaySteps<(ulong Id, long Place)>(steps =>
    {
        for (int i = 0; i < steps.Count; i++)
        {
            if (i + Ahead < steps.Count)
                table.Prefetch(steps[i + Ahead].Id);
            (ulong id, long place) = steps[i];
            if (place == Gone)
                table.Remove(id);
            else
                table.Put(id, RecordPlace.Unpack(place));
        }
    });

    public void Put(ulong id, RecordPlace place) => _steps.Add((id, place.Packed));

    public void Remove(ulong id) => _steps.Add((id, Gone));

    /// <summary>Returns when everything is in the table.</summary>
    /// <exception cref="CodeStoreException">The table's disk failed.</exception>
    public void Finish() => _steps.Finish();

    public void Dispose() => _steps.Dispose();
}
