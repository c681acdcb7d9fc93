using Grpc.Core;
using HashGrid.Client.Transport;
using Proto = HashGrid.Protos.V1;

namespace HashGrid.Client;

public sealed partial class HashGridClient
{
    /// <summary>What the store holds under an id, or null when it holds nothing.</summary>
    public async Task<StoredItem?> GetAsync(ulong id, CancellationToken cancellationToken = default)
    {
        try
        {
            Proto.StoredCode reply = await CallAsync(
                call => _store.GetAsync(new Proto.GetRequest { Id = id }, call), _options.CallTimeout, cancellationToken).ConfigureAwait(false);
            return new StoredItem(reply.Id, Messages.Code(reply.Code), [.. reply.Labels], reply.Name, reply.Sequence)
            {
                Digest = reply.ContentDigest.IsEmpty ? null : Convert.ToHexStringLower(reply.ContentDigest.Span),
                DuplicateOf = reply.HasDuplicateOf ? reply.DuplicateOf : null,
            };
        }
        catch (HashGridException exception) when (exception.Status == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Removes an id; on disk when this returns.</summary>
    /// <returns>False when the store did not hold it.</returns>
    public async Task<bool> RemoveAsync(ulong id, CancellationToken cancellationToken = default)
    {
        try
        {
            await CallAsync(
                call => _store.RemoveAsync(new Proto.RemoveRequest { Id = id }, call), _options.CallTimeout, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (HashGridException exception) when (exception.Status == StatusCode.NotFound)
        {
            return false;
        }
    }

    /// <summary>Size and state of the store.</summary>
    public async Task<StoreStats> StatsAsync(CancellationToken cancellationToken = default)
    {
        Proto.StatsReply reply = await CallAsync(
            call => _store.StatsAsync(new Proto.StatsRequest(), call), _options.CallTimeout, cancellationToken).ConfigureAwait(false);
        return new StoreStats(
            reply.Codes, Messages.Model(reply.Model), reply.DurableSequence, reply.IndexedSequence, reply.JournalBytes, reply.IndexBytes,
            reply.State, reply.ImagesEncoded, reply.Searches, reply.StoreId)
        {
            Duplicates = reply.Duplicates,
            DigestImages = reply.DigestImages,
            DigestBytes = reply.DigestBytes,
            ItemsLinked = reply.ItemsLinked,
            SnapshotProblem = reply.SnapshotProblem,
        };
    }

    /// <summary>Makes the next start of the server fast. Nothing acknowledged depends on it.</summary>
    public async Task<SnapshotReport> SnapshotAsync(CancellationToken cancellationToken = default)
    {
        Proto.SnapshotReply reply = await CallAsync(
            call => _store.SnapshotAsync(new Proto.SnapshotRequest(), call), _options.SnapshotTimeout, cancellationToken).ConfigureAwait(false);
        return new SnapshotReport(reply.Sequence, reply.Bytes, TimeSpan.FromMilliseconds(reply.Milliseconds));
    }

    /// <summary>Begins a copy of the server's store as it is durable now; ingest and searches go on meanwhile. <c>hashgrid backup</c> makes a folder of it.</summary>
    /// <param name="have">What the copy holds already; null for a new one.</param>
    /// <param name="cancellationToken">Ends the beginning; reading has a token of its own.</param>
    /// <exception cref="HashGridException">BACKUP_OTHER_HISTORY when the copy is no earlier state of this store, and the usual ones.</exception>
    public async Task<BackupDownload> BackupAsync(BackupPosition? have = null, CancellationToken cancellationToken = default)
    {
        var request = new Proto.BackupRequest();
        if (have is { } position)
        {
            request.Have = new Proto.BackupPosition
            {
                StoreId = position.StoreId,
                Generation = (uint)position.Generation,
                Sequence = position.Sequence,
                Address = position.Address,
                Link = position.Link,
            };
        }
        AsyncServerStreamingCall<Proto.BackupReply> call = _store.Backup(request);
        try
        {
            if (!await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false) || call.ResponseStream.Current.Offer is not { } offer)
                throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the backup without an offer"));
            return new BackupDownload(call, offer, Address);
        }
        catch (Exception exception)
        {
            call.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            if (exception is RpcException failure)
                throw HashGridException.From(failure, Address);
            throw;
        }
    }
}
