using HashGrid.Server.Storage.Files;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Checking;

/// <summary>Copies what a damaged store still proves into a new one.</summary>
/// <remarks>
/// A file marks the new store until its last record is durable. As long as it is there no server opens the folder, nor does anything else: what
/// an interrupted run left looks whole, but lacks records. The next run deletes that and begins anew.
/// </remarks>
public static class StoreSalvage
{
    internal const string MarkName = "salvage.unfinished";

    private const int Group = 65_536;

    // What a run that was interrupted leaves.
    private static readonly string[] OwnNames = [MarkName, "lock", Superblock.FileName, JournalCommits.FileName, Superblock.JournalName(0), "table"];

    /// <summary>Replays every record that proves itself, in order, into a store that does not exist yet.</summary>
    /// <param name="folder">The damaged store; not changed.</param>
    /// <param name="target">Options of the new store; its folder must be absent, empty, or hold what an interrupted salvage left.</param>
    /// <param name="ct">Checked between records; the new store is left unfinished.</param>
    /// <exception cref="CodeStoreException">There is no store, its width is lost, the target is not empty or in use, or it can not be written.</exception>
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
        Begin(target);
        SalvageReport report = await CopyAsync(source, folder, target with { Salvaging = true }, ct);
        target.Files.Delete(Path.Combine(target.Directory, MarkName));
        target.Files.SyncDirectory(target.Directory);
        return report;
    }

    /// <summary>Marks the new store durably, before there is anything that could pass for one.</summary>
    private static void Begin(CodeStoreOptions target)
    {
        string[] there = Directory.Exists(target.Directory) ? [.. Directory.EnumerateFileSystemEntries(target.Directory).Select(path => Path.GetFileName(path))] : [];
        bool again = there.Contains(MarkName);
        if (there.Except(again ? OwnNames : ["lock"]).Any())
            throw new CodeStoreException(CodeStoreProblem.NotWritable, $"'{target.Directory}' is not empty; salvage writes a new store, name a folder that does not exist");
        using StoreFolder folder = StoreFolder.Take(target);
        target.Files.Open(Path.Combine(target.Directory, MarkName), create: true).Dispose();
        target.Files.SyncDirectory(target.Directory);
        if (again)
            folder.DeleteStore();
    }

    private static async Task<SalvageReport> CopyAsync(StoreReader source, string folder, CodeStoreOptions target, CancellationToken ct)
    {
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
