using HashGrid.Index;
using HashGrid.Server.Storage;

namespace HashGrid.Server.Indexing;

/// <summary>Index snapshots, named by <see cref="SnapshotName"/>. A snapshot is a view: one that is damaged, foreign or of another history is passed over.</summary>
internal sealed class SnapshotFolder(string folder, CodeStore store)
{
    // What a file has beyond the codes and structures in memory: tables, and sections that begin at whole pages.
    private const long SlackBytes = 1 << 20;

    // The newest one that is known to fit: opened or written by this process.
    private string? _proven;

    // No snapshot by its name. The index writes it under a further name first, which is another one each time: see DeleteUnfinished.
    private string UnfinishedPath => Path.Combine(folder, $"{store.StoreId:N}.unfinished");

    /// <summary>Deletes what processes that were killed in the middle of a snapshot left. Before the first one of this process; nobody else writes snapshots of this store.</summary>
    public void DeleteUnfinished()
    {
        if (!Directory.Exists(folder))
            return;
        string name = Path.GetFileName(UnfinishedPath);
        foreach (string path in Directory.EnumerateFiles(folder, name + "*").Where(path => IsUnfinished(Path.GetFileName(path), name)).ToList())
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It costs space, and the next start tries again.
            }
        }
    }

    /// <summary>Opens the newest snapshot that verifies and whose end the store's journal holds.</summary>
    public (HammingIndex Index, long Sequence)? OpenNewest(IndexHostOptions options)
    {
        foreach ((string path, SnapshotName name) in Newest())
        {
            if (!store.Holds(name.End))
                continue;
            try
            {
                HammingIndex index = HammingIndex.Open(path, options.Index);
                if (index.Width == options.Width)
                {
                    _proven = path;
                    return (index, name.Sequence);
                }
                index.Dispose();
            }
            catch (Exception e) when (e is IndexFormatException or IOException or UnauthorizedAccessException)
            {
                // The journal holds everything: an older snapshot, or none, only makes the start slower.
            }
        }
        return null;
    }

    /// <summary>Writes a snapshot, and deletes all but its predecessor.</summary>
    /// <param name="index">Holds durable changes only.</param>
    /// <param name="sequence">Every change up to here is in the index.</param>
    /// <param name="ct">Gives it up.</param>
    /// <exception cref="CodeStoreException">The disk would be nearly full by that; nothing was written.</exception>
    public long Save(HammingIndex index, long sequence, CancellationToken ct)
    {
        store.Files.CreateDirectory(folder);
        // The older ones go only when this one is there.
        store.ThrowIfNoRoomFor(folder, index.MemoryBytes + SlackBytes);
        index.Save(UnfinishedPath, ct);
        ct.ThrowIfCancellationRequested();
        // Asked for now: changes that came to the index while the codes to write were chosen are not behind it.
        var name = new SnapshotName(store.StoreId, sequence, store.DurablePoint);
        string path = Path.Combine(folder, name.ToString());
        store.Files.Rename(UnfinishedPath, path);
        store.Files.SyncDirectory(folder);
        foreach (string old in Directory.EnumerateFiles(folder, $"{store.StoreId:N}-*{SnapshotName.Extension}").Where(file => file != path && file != _proven).ToList())
            store.Files.Delete(old);
        _proven = path;
        return new FileInfo(path).Length;
    }

    // NAME, or NAME.GUID.tmp
    private static bool IsUnfinished(string file, string name) =>
        file == name || (file[name.Length..].Split('.') is ["", var id, "tmp"] && Guid.TryParseExact(id, "N", out _));

    private IEnumerable<(string Path, SnapshotName Name)> Newest()
    {
        if (!Directory.Exists(folder))
            return [];
        return Directory.EnumerateFiles(folder, $"{store.StoreId:N}-*{SnapshotName.Extension}")
            .Select(path => (path, Name: SnapshotName.Parse(Path.GetFileName(path))))
            .Where(snapshot => snapshot.Name?.StoreId == store.StoreId)
            .Select(snapshot => (snapshot.path, snapshot.Name!.Value))
            .OrderByDescending(snapshot => snapshot.Value.Sequence)
            .ThenByDescending(snapshot => snapshot.Value.End.Sequence);
    }
}
