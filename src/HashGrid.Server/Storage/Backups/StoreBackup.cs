using System.IO.Pipelines;
using HashGrid.Server.Storage.Checking;

namespace HashGrid.Server.Storage.Backups;

/// <summary>Copies of stores on this machine: of a stopped store into a backup, and of a backup into a new store.</summary>
public static class StoreBackup
{
    /// <summary>Bytes handed on at once; the wire has the same limit.</summary>
    public const int PieceBytes = 64 << 10;

    /// <summary>Copies a stopped store, or what a backup of it lacks.</summary>
    /// <param name="source">Folder of the store; only read.</param>
    /// <param name="target">Folder of the backup: absent, empty, or with an older or unfinished backup of the same store.</param>
    /// <param name="progress">Bytes copied and bytes in all, of this run.</param>
    /// <param name="ct">Ends the copy; what was copied stays for the next run.</param>
    /// <exception cref="CodeStoreException">The store is absent, in use, damaged or newer; or the target can not take it. The target is as it was, or holds more of the copy.</exception>
    /// <exception cref="IOException">The target could not be written; the next run goes on.</exception>
    public static async Task<BackupReport> RunAsync(string source, CodeStoreOptions target, Action<long, long>? progress, CancellationToken ct)
    {
        ThrowIfSame(source, target.Directory);
        using IDisposable hold = StoppedStore.Hold(source);
        using BackupFolder folder = await Task.Run(() => BackupFolder.Open(target, mustBeNew: false, ct), ct);
        return await CopyAsync(source, folder, progress, ct);
    }

    /// <summary>Makes a store of a backup, once every byte of the backup is proven.</summary>
    /// <param name="backup">Folder of the backup; only read.</param>
    /// <param name="target">Folder of the store: absent, empty, or with an unfinished restore of the same backup.</param>
    /// <param name="progress">Bytes copied and bytes in all, of this run.</param>
    /// <param name="ct">Ends the copy; what was copied stays for the next run, and no server opens it.</param>
    /// <exception cref="CodeStoreException">The backup is absent, unfinished, damaged or newer; or the target is taken.</exception>
    /// <exception cref="IOException">The target could not be written; the next run goes on.</exception>
    public static async Task<BackupReport> RestoreAsync(string backup, CodeStoreOptions target, Action<long, long>? progress, CancellationToken ct)
    {
        ThrowIfSame(backup, target.Directory);
        using IDisposable hold = StoppedStore.Hold(backup);
        StoreCheckReport check = await Task.Run(() => StoreCheck.Run(backup, ct), ct);
        if (check.Findings.FirstOrDefault(finding => finding.Severity == FindingSeverity.Damage) is { } damage)
        {
            throw new CodeStoreException(
                CodeStoreProblem.Damaged,
                $"the backup in '{backup}' is damaged in {damage.File}, offset {damage.Offset}: {damage.Message}; {check.Lost} records are lost. Nothing was changed: restore another backup, or `hashgrid salvage` this one",
                damage.Offset);
        }
        using BackupFolder folder = await Task.Run(() => BackupFolder.Open(target, mustBeNew: true, ct), ct);
        return await CopyAsync(backup, folder, progress, ct);
    }

    private static async Task<BackupReport> CopyAsync(string source, BackupFolder folder, Action<long, long>? progress, CancellationToken ct)
    {
        using BackupReader reader = await Task.Run(() => StoppedStore.Read(source, folder.Have, ct), ct);
        return await folder.ReceiveAsync(reader.Offer, SendAsync, progress, ct);

        async Task SendAsync(PipeWriter writer, CancellationToken stop)
        {
            await Task.Yield();
            while (reader.Read(writer.GetSpan(PieceBytes)[..PieceBytes]) is > 0 and int length)
            {
                writer.Advance(length);
                if ((await writer.FlushAsync(stop)).IsCompleted)
                    return;
            }
        }
    }

    private static void ThrowIfSame(string source, string target)
    {
        if (Path.TrimEndingDirectorySeparator(Path.GetFullPath(source)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(target)))
            throw new CodeStoreException(CodeStoreProblem.NotWritable, $"'{target}' is both source and target; name another folder for the copy");
    }
}
