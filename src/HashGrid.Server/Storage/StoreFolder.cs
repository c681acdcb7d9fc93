using HashGrid.Server.Indexing;
using HashGrid.Server.Storage.Backups;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Storage.Files;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage;

/// <summary>The files of one store, and the lock that makes this process their only owner.</summary>
internal sealed class StoreFolder : IDisposable
{
    private readonly CodeStoreOptions _options;
    private readonly IDisposable _lock;

    private StoreFolder(CodeStoreOptions options, IDisposable ownerLock)
    {
        _options = options;
        _lock = ownerLock;
    }

    public string Root => _options.Directory;

    public string IndexFolder => Path.Combine(Root, "index");

    public string TableFolder => Path.Combine(Root, "table");

    /// <summary>The journal's folder; each compaction makes a new generation.</summary>
    public string JournalFolder(int generation) => Path.Combine(Root, Superblock.JournalName(generation));

    /// <summary>The commit record of a journal.</summary>
    public string CommitsPath(int generation) => Path.Combine(Root, JournalCommits.NameOf(generation));

    /// <summary>Creates the folder if it is absent and takes its lock.</summary>
    /// <exception cref="CodeStoreException">The folder can not be written, or somebody else owns it.</exception>
    public static StoreFolder Take(CodeStoreOptions options)
    {
        try
        {
            options.Files.CreateDirectory(options.Directory);
            if (options.Files.TryLock(Path.Combine(options.Directory, "lock")) is { } taken)
                return new StoreFolder(options, taken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CodeStoreException(
                CodeStoreProblem.NotWritable, $"the data folder '{options.Directory}' can not be written: {e.Message}; change its permissions or its mount, free its disk, or name another folder", null, e);
        }
        throw new CodeStoreException(CodeStoreProblem.InUse, $"the data folder '{options.Directory}' is owned by another process; stop that one or name another folder");
    }

    /// <summary>Superblock and commit record; created for a new store.</summary>
    /// <param name="model">The model that the store must belong to; null: the store's own, whichever it is, but it must exist.</param>
    /// <exception cref="CodeStoreException">The store belongs to another model, is newer, or is damaged.</exception>
    public (SlotFile File, Superblock Superblock, SlotFile Commits) Open(StoreModel? model)
    {
        string superblockPath = Path.Combine(Root, Superblock.FileName);
        if (!_options.Salvaging)
            ThrowIfUnfinished(_options.Files, Root);
        bool isNew = !_options.Files.Exists(superblockPath) && !HasSegments();
        if (!isNew && !_options.Files.Exists(superblockPath))
        {
            throw new CodeStoreException(
                CodeStoreProblem.Damaged,
                $"{superblockPath} is missing, but the folder holds a journal; nothing was changed, put the file back from a copy of the folder");
        }
        SlotFile file = SlotFile.Open(_options.Files, superblockPath, Superblock.Magic, create: isNew);
        SlotFile? commits = null;
        try
        {
            Superblock? known = file.Payload is { } payload ? Superblock.Read(payload, superblockPath) : null;
            int generation = known?.Generation ?? 0;
            _options.Files.CreateDirectory(JournalFolder(generation));
            // A lost commit record costs nothing: the superblock names a durable tail and the frames behind it prove themselves.
            commits = SlotFile.Open(_options.Files, CommitsPath(generation), JournalCommits.Magic, create: true);
            Superblock superblock;
            if (known is not null)
                superblock = known;
            else if (!HasSegments() && commits.Payload is null && model is not null)
                superblock = Create(file, model); // new, or the process ended before it wrote anything
            else
                throw new CodeStoreException(CodeStoreProblem.Damaged, $"{superblockPath} has no valid slot; put the file back from a copy of the folder", 0);
            if (model is not null)
                Check(superblock, model);
            file.Settle();
            commits.Settle();
            _options.Files.SyncDirectory(Root);
            // A process that was killed may have made a segment and not yet synced its name; what is written there from now on must keep it.
            _options.Files.SyncDirectory(JournalFolder(superblock.Generation));
            return (file, superblock, commits);
        }
        catch
        {
            file.Dispose();
            commits?.Dispose();
            throw;
        }
    }

    /// <summary>A copy that was interrupted is no store yet.</summary>
    /// <exception cref="CodeStoreException">The folder holds one.</exception>
    public static void ThrowIfUnfinished(IStorageFiles files, string root)
    {
        if (files.Exists(Path.Combine(root, StoreSalvage.MarkName)))
        {
            throw new CodeStoreException(
                CodeStoreProblem.NotFound, $"'{root}' holds a salvage that was not finished: records are missing; run the same command again, it begins anew, or name another folder");
        }
        if (!files.Exists(Path.Combine(root, BackupFolder.PartialName)))
            return;
        string superblock = Path.Combine(root, Superblock.FileName);
        if (files.Exists(superblock))
        {
            using SlotFile file = SlotFile.Open(files, superblock, Superblock.Magic, create: false);
            if (file.Payload is not null)
                return;
        }
        throw new CodeStoreException(
            CodeStoreProblem.NotFound, $"'{root}' holds a backup or a restore that was not finished; run the same command again to finish it, or name another folder");
    }

    /// <summary>Deletes the journals that a compaction replaced or did not finish. Only once the one in use has proved itself.</summary>
    public void DeleteOtherGenerations(int inUse)
    {
        if (inUse > 0)
            DeleteGeneration(inUse - 1);
        DeleteGeneration(inUse + 1);
    }

    /// <summary>Durably deletes a store that nobody needs: superblock and journal. Its table goes with the next opening.</summary>
    public void DeleteStore()
    {
        DeleteGeneration(0);
        _options.Files.Delete(Path.Combine(Root, Superblock.FileName));
        _options.Files.SyncDirectory(Root);
    }

    /// <summary>Deletes one journal with its commit record, if it exists.</summary>
    public void DeleteGeneration(int generation)
    {
        string folder = JournalFolder(generation);
        foreach (string name in _options.Files.List(folder))
            _options.Files.Delete(Path.Combine(folder, name));
        _options.Files.DeleteDirectory(folder);
        if (!_options.Files.Exists(CommitsPath(generation)))
            return;
        _options.Files.Delete(CommitsPath(generation));
        _options.Files.SyncDirectory(Root);
    }

    /// <summary>Durably deletes the index snapshots of a journal, but for one of its very end: that belongs to the journal which takes its place, too.</summary>
    public void CarrySnapshots(Guid storeId, JournalPoint end, JournalPoint newEnd) =>
        CarrySnapshots(new SnapshotName(storeId, end.Sequence, end).ToString(), new SnapshotName(storeId, newEnd.Sequence, newEnd).ToString());

    /// <summary>Durably deletes the index snapshots.</summary>
    public void DeleteSnapshots() => CarrySnapshots(null, null);

    public void Dispose() => _lock.Dispose();

    private void CarrySnapshots(string? from, string? to)
    {
        string[] names = [.. _options.Files.List(IndexFolder).Where(name => name.EndsWith(SnapshotName.Extension, StringComparison.Ordinal))];
        string? carried = Array.Find(names, name => name == from);
        foreach (string name in names.Where(name => name != carried))
            _options.Files.Delete(Path.Combine(IndexFolder, name));
        if (carried is not null)
            _options.Files.Rename(Path.Combine(IndexFolder, carried), Path.Combine(IndexFolder, to!));
        if (names.Length > 0)
            _options.Files.SyncDirectory(IndexFolder);
    }

    // A journal of a later generation never is without its commit record.
    private bool HasSegments() =>
        _options.Files.List(JournalFolder(0)).Any(name => name.StartsWith("segment.", StringComparison.Ordinal))
            || _options.Files.List(Root).Any(name => name.StartsWith(JournalCommits.FileName + ".", StringComparison.Ordinal));

    private Superblock Create(SlotFile file, StoreModel model)
    {
        var id = Guid.NewGuid();
        var created = new Superblock(id, model, _options.PageBytes, _options.SegmentBytes, JournalTail.FirstAddress, JournalTail.Empty(id), Clean: true);
        file.Write(created.Write());
        file.Sync();
        return created;
    }

    private void Check(Superblock superblock, StoreModel model)
    {
        if (superblock.Model.Bits != model.Bits)
        {
            throw new CodeStoreException(
                CodeStoreProblem.WrongWidth,
                $"the store in '{Root}' holds {superblock.Model.Bits}-bit codes of model '{superblock.Model.Name}', but the model '{model.Name}' makes {model.Bits}-bit codes; serve it with its own model or name another folder");
        }
        if (superblock.Model.Fingerprint != model.Fingerprint)
        {
            throw new CodeStoreException(
                CodeStoreProblem.WrongModel,
                $"the store in '{Root}' holds codes of model '{superblock.Model.Name}' ({superblock.Model.Fingerprint[..12]}…), but the model is '{model.Name}' ({model.Fingerprint[..12]}…); codes of two models must not be compared: serve it with its own model or name another folder");
        }
    }
}
