using HashGrid.Server.Storage.Files;
using HashGrid.Server.Storage.Journal;
using HashGrid.Server.Storage.Table;

namespace HashGrid.Server.Storage.Compacting;

/// <summary>Writes the journal anew with what still counts, and changes over to it in one step.</summary>
/// <remarks>
/// <para>The store must not be served meanwhile. Memory as for opening it; disk space for the new journal beside the old one.</para>
/// <para>
/// The new journal is a folder of its own. Nothing refers to it until it is whole and synced; then one slot of the superblock names it,
/// which is the change-over; then the old one is deleted. A process or a machine that dies in between leaves the store as it was
/// before or as it is afterwards, and the next start deletes the other journal.
/// </para>
/// <para>Each record that stays keeps its place in the order, and the last one its sequence, so that sequences told to clients stay true.</para>
/// </remarks>
public static class StoreCompaction
{
    /// <summary>Compacts the store in a folder.</summary>
    /// <param name="options">Its folder, files and memory.</param>
    /// <param name="ct">Checked between records; a cancelled compaction changes nothing.</param>
    /// <exception cref="CodeStoreException">There is no store, somebody owns it, it is damaged, or the disk failed; the store is as it was, unless the message says that it is compacted.</exception>
    /// <exception cref="IOException">The new journal could not be written; the store is as it was.</exception>
    public static Task<CompactionReport> RunAsync(CodeStoreOptions options, CancellationToken ct) => Task.Run(() => Run(options, ct), ct);

    private static CompactionReport Run(CodeStoreOptions options, CancellationToken ct)
    {
        if (options.Validate() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        if (!options.Files.Exists(Path.Combine(options.Directory, Superblock.FileName)))
            throw new CodeStoreException(CodeStoreProblem.NotFound, $"there is no store in '{options.Directory}': no superblock; name the folder that `serve --data` was given");
        using StoreFolder folder = StoreFolder.Take(options);
        (SlotFile superblockFile, Superblock old, SlotFile commitFile) = folder.Open(model: null);
        using (superblockFile)
        using (commitFile)
        using (var segments = new JournalSegments(options.Files, folder.JournalFolder(old.Generation), old.SegmentBytes))
        {
            JournalTail commit = commitFile.Payload is { } payload ? JournalCommits.Read(payload).Tail : old.Begin;
            Exception? tableFault = null;
            using var table = new CodeTable(folder.TableFolder, options, Math.Max(commit.Sequence, old.Durable.Sequence) - old.BeginSequence, e => tableFault = e);
            var census = new JournalCensus(old.Model.Words);
            JournalTail tail;
            using (var loader = new TableLoader(table))
            {
                tail = JournalRecovery.Run(segments, old, commit, old.Begin, frame => census.Note(frame, loader), ct);
                loader.Finish();
            }
            folder.DeleteOtherGenerations(old.Generation);
            long records = tail.Sequence - old.BeginSequence, stay = census.Settle(table);
            if (tableFault is not null)
                throw new CodeStoreException(CodeStoreProblem.ReadOnly, $"the code table's disk failed: {tableFault.Message}; the store is as it was", null, tableFault);
            if (stay == records)
                return new CompactionReport(records, stay, tail.Address, tail.Address);
            Superblock compacted = Rewrite(options, folder, segments, old, tail, census, table, stay, ct);
            ChangeOver(folder, superblockFile, old, tail, compacted);
            return new CompactionReport(records, stay, tail.Address, compacted.Durable.Address);
        }
    }

    private static Superblock Rewrite(
        CodeStoreOptions options, StoreFolder folder, JournalSegments segments, Superblock old, JournalTail tail, JournalCensus census, CodeTable table, long stay, CancellationToken ct)
    {
        int generation = old.Generation + 1;
        try
        {
            Superblock compacted = old with { Generation = generation, BeginAddress = JournalTail.FirstAddress, BeginSequence = tail.Sequence - stay, Clean = true, Format = Superblock.NewestFormat };
            options.Files.CreateDirectory(folder.JournalFolder(generation));
            using var target = new JournalSegments(options.Files, folder.JournalFolder(generation), old.SegmentBytes);
            var writer = new JournalWriter(target, old.PageBytes, compacted.Begin);
            var scan = new JournalScan(segments, old.PageBytes, old.Begin);
            while (scan.TryNext(tail.Address, out Frame frame))
            {
                ct.ThrowIfCancellationRequested();
                census.Copy(frame, table, writer);
            }
            writer.Finish();
            if (scan.Tail != tail || writer.Tail.Sequence != tail.Sequence)
            {
                throw new CodeStoreException(
                    CodeStoreProblem.Damaged,
                    $"the journal read differently a second time: up to sequence {scan.Tail.Sequence} of {tail.Sequence}, {writer.Tail.Sequence} in the new one; the store is as it was, check the disk");
            }
            using (SlotFile commits = SlotFile.Open(options.Files, folder.CommitsPath(generation), JournalCommits.Magic, create: true))
            using (var record = new JournalCommits(commits))
            {
                record.Write(compacted.BeginAddress, writer.Tail);
                record.Sync();
            }
            options.Files.SyncDirectory(folder.Root);
            return compacted with { Durable = writer.Tail };
        }
        catch
        {
            folder.DeleteGeneration(generation);
            throw;
        }
    }

    private static void ChangeOver(StoreFolder folder, SlotFile superblockFile, Superblock old, JournalTail tail, Superblock compacted)
    {
        // An index snapshot of before may hold ids whose removal is now forgotten; only one of the very end knows all removals. A start
        // passes over what lies there by its name; it is deleted so as to take no space.
        folder.CarrySnapshots(compacted.StoreId, new JournalPoint(old.Generation, tail.Sequence, tail.Link), new JournalPoint(compacted.Generation, compacted.Durable.Sequence, compacted.Durable.Link));
        // The first write changes over. The second puts it into the other slot too, which still names a journal that is about to go.
        int written = 0;
        try
        {
            for (; written < SlotFile.Slots; written++)
            {
                superblockFile.Write(compacted.Write());
                superblockFile.Sync();
            }
            folder.DeleteOtherGenerations(compacted.Generation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Both journals are there, and either slot names one of them.
            throw new CodeStoreException(
                CodeStoreProblem.NotWritable,
                $"the disk failed at the change-over: {e.Message}; the store is whole and {(written == 0 ? "either as it was or compacted, as the next start finds it" : "compacted, the next start deletes the old journal")}",
                null,
                e);
        }
    }
}
