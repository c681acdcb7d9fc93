using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage.Checking;

/// <summary>Copies what a damaged store still proves into a new one.</summary>
public static class StoreSalvage
{
    private const int Group = 65_536;

    /// <summary>Replays every record that proves itself, in order, into a store that does not exist yet.</summary>
    /// <param name="folder">The damaged store; not changed.</param>
    /// <param name="target">Options of the new store; its folder must be absent or empty.</param>
    /// <param name="ct">Checked between records; what was copied by then stays.</param>
    /// <exception cref="CodeStoreException">There is no store, its width is lost, the target is not empty, or it can not be written.</exception>
    /// <remarks>
    /// The new store has an id and sequences of its own, so index snapshots and read-your-writes tokens of the old one do not apply.
    /// Streams keep their positions. A record that is lost may have been a remove: the id it removed is there again.
    /// </remarks>
    public static Task<SalvageReport> RunAsync(string folder, CodeStoreOptions target, CancellationToken ct) => RunAsync(folder, DiskFiles.ReadOnly, target, ct);

    /// <summary>The same from another disk than the real one.</summary>
    public static async Task<SalvageReport> RunAsync(string folder, IStorageFiles files, CodeStoreOptions target, CancellationToken ct)
    {
        using StoreReader source = StoreReader.Open(folder, files);
        if (source.InUse)
            throw new CodeStoreException(CodeStoreProblem.InUse, $"a server owns '{folder}'; stop it first, or what it writes meanwhile is missing");
        if (Directory.Exists(target.Directory) && Directory.EnumerateFileSystemEntries(target.Directory).Any())
            throw new CodeStoreException(CodeStoreProblem.NotWritable, $"'{target.Directory}' is not empty; salvage writes a new store, name a folder that does not exist");
        List<StoreFinding> findings = [];
        long puts = 0, removes = 0, unnamed = 0;
        CodeStore? store = null;
        try
        {
            long appended = 0;
            foreach (JournalPiece piece in source.Walk(ct))
            {
                if (piece is StoreFinding finding)
                {
                    findings.Add(finding);
                    continue;
                }
                var entry = (JournalEntry)piece;
                store ??= await CodeStore.OpenAsync(target, source.Model ?? throw NoModel(folder), ct);
                StreamPosition? stream = entry is { Stream: { } name, Position: > 0 } ? new StreamPosition(name, entry.Position) : null;
                if (entry.StreamNumber != 0 && entry.Stream is null)
                    unnamed++;
                switch (entry.Kind)
                {
                    case JournalRecordKind.Put:
                        store.Put(entry.Record!, PutMode.Upsert, stream);
                        puts++;
                        break;
                    case JournalRecordKind.Remove:
                        store.Remove(entry.Id, out _);
                        removes++;
                        break;
                    case JournalRecordKind.Position when stream is { } position:
                        store.Pass(position);
                        break;
                    case JournalRecordKind.Refuse when stream is { } position:
                        store.Refuse(position, entry.Refusal!);
                        break;
                }
                if (++appended % Group == 0)
                    await store.WaitDurableAsync(store.LastSequence, ct);
            }
            store ??= await CodeStore.OpenAsync(target, source.Model ?? throw NoModel(folder), ct);
            await store.WaitDurableAsync(store.LastSequence, ct);
            return new SalvageReport(target.Directory, store.StoreId, puts, removes, unnamed, store.Count, findings);
        }
        finally
        {
            if (store is not null)
                await store.DisposeAsync();
        }
    }

    private static CodeStoreException NoModel(string folder) => new(
        CodeStoreProblem.Damaged, $"neither the superblock nor the identity record of '{folder}' can be read, so the width of its codes is unknown; put a superblock back from any copy of the folder");
}
