using HashGrid.Server.Storage.Files;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Backups;

/// <summary>A store that nobody serves, open for reading alone; a server that starts meanwhile is refused.</summary>
internal static class StoppedStore
{
    /// <summary>Holds the lock of a folder, if it has one, without a right to write.</summary>
    /// <exception cref="CodeStoreException">There is no store, it is unfinished, or somebody owns it.</exception>
    public static IDisposable Hold(string folder)
    {
        StoreFolder.ThrowIfUnfinished(DiskFiles.ReadOnly, folder);
        if (!File.Exists(Path.Combine(folder, Superblock.FileName)))
            throw new CodeStoreException(CodeStoreProblem.NotFound, $"there is no store in '{folder}': no superblock; name the folder of a store or of a backup");
        try
        {
            string path = Path.Combine(folder, "lock");
            return File.Exists(path) ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None) : Stream.Null;
        }
        catch (IOException e)
        {
            throw new CodeStoreException(
                CodeStoreProblem.InUse, $"the store in '{folder}' is owned by another process; stop that one, or copy it as it runs with `hashgrid backup --server`", null, e);
        }
    }

    /// <summary>Proves the journal to its end, and reads what a copy lacks.</summary>
    /// <exception cref="CodeStoreException">The store is damaged or newer, or the copy is of another history.</exception>
    public static BackupReader Read(string folder, BackupPoint? have, CancellationToken ct)
    {
        string path = Path.Combine(folder, Superblock.FileName);
        using SlotFile file = SlotFile.Open(DiskFiles.ReadOnly, path, Superblock.Magic, create: false);
        Superblock superblock = file.Payload is { } payload
            ? Superblock.Read(payload, path)
            : throw new CodeStoreException(CodeStoreProblem.Damaged, $"{path} has no valid slot; nothing was changed: put the file back from a copy of the folder", 0);
        JournalTail durable = superblock.Durable;
        string commitsPath = Path.Combine(folder, JournalCommits.NameOf(superblock.Generation));
        if (File.Exists(commitsPath))
        {
            using SlotFile commits = SlotFile.Open(DiskFiles.ReadOnly, commitsPath, JournalCommits.Magic, create: false);
            if (commits.Payload is { } record && JournalCommits.Read(record).Tail is { } tail && tail.Sequence > durable.Sequence)
                durable = tail;
        }
        var segments = new JournalSegments(DiskFiles.ReadOnly, Path.Combine(folder, Superblock.JournalName(superblock.Generation)), superblock.SegmentBytes);
        try
        {
            JournalTail end = JournalRecovery.Prove(segments, superblock, durable, superblock.Begin, static _ => { }, ct);
            return BackupReader.Open(segments, superblock, end, _ => superblock.Begin, have);
        }
        catch
        {
            segments.Dispose();
            throw;
        }
    }
}
