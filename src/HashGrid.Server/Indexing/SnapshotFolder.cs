using HashGrid.Index;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Indexing;

/// <summary>Index snapshots, named by <see cref="SnapshotName"/>. A snapshot is a view: one that is damaged, foreign or of another history is passed over.</summary>
internal sealed class SnapshotFolder(string folder, CodeStore store, IStorageFiles files)
{
    // The newest one that is known to fit: opened or written by this process.
    private string? _proven;

    // No snapshot by its name: what a process that ended left of it is written over by the next one.
    private string UnfinishedPath => Path.Combine(folder, $"{store.StoreId:N}.unfinished");

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
    public long Save(HammingIndex index, long sequence, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        index.Save(UnfinishedPath, ct);
        ct.ThrowIfCancellationRequested();
        // Asked for now: changes that came to the index while the codes to write were chosen are not behind it.
        var name = new SnapshotName(store.StoreId, sequence, store.DurablePoint);
        string path = Path.Combine(folder, name.ToString());
        files.Rename(UnfinishedPath, path);
        files.SyncDirectory(folder);
        foreach (string old in Directory.EnumerateFiles(folder, $"{store.StoreId:N}-*{SnapshotName.Extension}").Where(file => file != path && file != _proven).ToList())
            File.Delete(old);
        _proven = path;
        return new FileInfo(path).Length;
    }

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
