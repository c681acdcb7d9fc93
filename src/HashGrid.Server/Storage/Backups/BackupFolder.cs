using HashGrid.Server.Storage.Files;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Backups;

/// <summary>A folder that receives a copy of a store, and is a store itself once the copy is whole.</summary>
/// <remarks>
/// <para>
/// What arrives is journal bytes, written where they lie in the source. A new copy has no superblock until its last byte is synced and
/// verified, so a server refuses it before; <c>superblock.partial</c> says meanwhile what it will be. A copy that continues only gets
/// longer behind its recorded tail. A compacted source sends a new generation, which is written beside the old one and takes its place in
/// one step, as a compaction does.
/// </para>
/// <para>Killed at any moment, the copy is what it was before, and the next run goes on behind the last record that verifies. One thread.</para>
/// </remarks>
public sealed partial class BackupFolder : IDisposable
{
    /// <summary>What an unfinished copy will be.</summary>
    internal const string PartialName = "superblock.partial";

    private readonly CodeStoreOptions _options;
    private readonly StoreFolder _folder;
    private readonly Superblock? _whole;
    private readonly Superblock? _copy;
    private readonly JournalTail? _tail;

    private BackupFolder(CodeStoreOptions options, StoreFolder folder, bool mustBeNew, CancellationToken ct)
    {
        (_options, _folder) = (options, folder);
        _whole = Read(Superblock.FileName);
        Superblock? partial = Read(PartialName);
        if (_whole is not null && mustBeNew)
            throw NotEmpty(options, "holds a store");
        if (_whole is null && partial is null && IsTaken())
            throw NotEmpty(options, "is not empty and holds no backup");
        // One of the same generation is what a finished copy had no time to delete.
        _copy = _whole is null || partial?.StoreId == _whole.StoreId && partial.Generation > _whole.Generation ? partial : _whole;
        if (_copy is not null)
            _tail = Verify(_copy, ct);
    }

    /// <summary>What is there and verifies; null for a new copy.</summary>
    public BackupPoint? Have => _copy is null ? null : new BackupPoint(_copy.StoreId, _copy.Generation, _tail!.Sequence, _tail.Address, _tail.Link);

    /// <summary>Takes the folder, created if absent, and verifies what it holds.</summary>
    /// <param name="options">Folder and files; the sizes come from the source.</param>
    /// <param name="mustBeNew">Refuse a finished copy, too, as for a restore.</param>
    /// <param name="ct">Checked between records.</param>
    /// <exception cref="CodeStoreException">Somebody owns the folder, it holds something else, or the copy in it is damaged. Nothing was changed.</exception>
    public static BackupFolder Open(CodeStoreOptions options, bool mustBeNew, CancellationToken ct)
    {
        StoreFolder folder = StoreFolder.Take(options);
        try
        {
            return new BackupFolder(options, folder, mustBeNew, ct);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public void Dispose() => _folder.Dispose();

    private Superblock? Read(string name)
    {
        string path = Path.Combine(_folder.Root, name);
        if (!_options.Files.Exists(path))
            return null;
        using SlotFile file = SlotFile.Open(_options.Files, path, Superblock.Magic, create: false);
        if (file.Payload is { } payload)
            return Superblock.Read(payload, path);
        // A crash may leave a file without content, but only the first superblock, and only while the copy is not finished.
        if (name == PartialName || _options.Files.Exists(Path.Combine(_folder.Root, PartialName)))
            return null;
        throw new CodeStoreException(CodeStoreProblem.Damaged, $"{path} has no valid slot; nothing was changed: name another folder for a new backup", 0);
    }

    private bool IsTaken() =>
        _options.Files.List(_folder.Root).Any(name => name is not ("lock" or PartialName or Superblock.FileName))
            || _options.Files.List(_folder.JournalFolder(0)).Count > 0
            || Directory.EnumerateDirectories(_folder.Root).Any(path => !Path.GetFileName(path).StartsWith("journal", StringComparison.Ordinal));

    private JournalTail Verify(Superblock copy, CancellationToken ct)
    {
        JournalTail durable = copy.Durable;
        if (_options.Files.Exists(_folder.CommitsPath(copy.Generation)))
        {
            using SlotFile commits = SlotFile.Open(_options.Files, _folder.CommitsPath(copy.Generation), JournalCommits.Magic, create: false);
            if (commits.Payload is { } record && JournalCommits.Read(record).Tail is { } tail && tail.Sequence > durable.Sequence)
                durable = tail;
        }
        using var segments = new JournalSegments(_options.Files, _folder.JournalFolder(copy.Generation), copy.SegmentBytes);
        try
        {
            return JournalRecovery.Prove(segments, copy, durable, copy.Begin, static _ => { }, ct);
        }
        catch (CodeStoreException e) when (e.Reason == CodeStoreProblem.Damaged)
        {
            throw new CodeStoreException(
                CodeStoreProblem.Damaged, $"the backup in '{_folder.Root}' does not verify any more ({e.Message.Split(';')[0]}); nothing was changed: check its disk, and name another folder for a new backup", e.Offset, e);
        }
    }

    private static CodeStoreException NotEmpty(CodeStoreOptions options, string found) => new(
        CodeStoreProblem.NotWritable, $"'{options.Directory}' {found}; nothing was changed: name a folder that does not exist, or is empty");
}
