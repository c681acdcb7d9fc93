using System.IO.Pipelines;
using HashGrid.Client;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;

namespace HashGrid.CommandLine.Commands;

/// <summary>Copies the store of a running server into a folder.</summary>
internal static class BackupTransfer
{
    /// <param name="client">Of the server.</param>
    /// <param name="target">The folder: absent, empty, or with an older or unfinished copy.</param>
    /// <param name="progress">Told bytes done and bytes in all; may be null.</param>
    /// <param name="ct">Breaks off; what was copied is kept.</param>
    /// <exception cref="CommandException">The server broke off.</exception>
    public static async Task<BackupReport> RunAsync(HashGridClient client, CodeStoreOptions target, Action<long, long>? progress, CancellationToken ct)
    {
        using BackupFolder folder = await Task.Run(() => BackupFolder.Open(target, mustBeNew: false, ct), ct);
        BackupPosition? have = folder.Have is { } point
            ? new BackupPosition(point.StoreId.ToString(), point.Generation, (ulong)point.Sequence, (ulong)point.Address, point.Link)
            : null;
        using BackupDownload download = await client.BackupAsync(have, ct);
        try
        {
            return await folder.ReceiveAsync(new BackupOffer(download.Superblock, download.Continues, (long)download.FromAddress), SendAsync, progress, ct);
        }
        catch (HashGridException failure)
        {
            throw new CommandException($"{failure.Message}; what was copied is kept, run the same command again to go on");
        }

        async Task SendAsync(PipeWriter writer, CancellationToken stop)
        {
            await foreach (ReadOnlyMemory<byte> piece in download.ReadAsync(stop))
            {
                if ((await writer.WriteAsync(piece, stop)).IsCompleted)
                    return;
            }
        }
    }
}
