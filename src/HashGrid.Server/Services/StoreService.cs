using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Errors;
using HashGrid.Server.Hosting;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Services;

/// <summary>hashgrid.v1.Store: what is stored, and care for it.</summary>
internal sealed class StoreService(ServerRuntime runtime, ServerMetrics metrics) : Protos.V1.Store.StoreBase
{
    public override Task<StoredCode> Get(GetRequest request, ServerCallContext context)
    {
        if (!runtime.Store.TryGet(request.Id, out CodeRecord? record)) throw Unknown();
        var stored = new StoredCode
        {
            Id = record.Id,
            Code = Wire.ToCode(record.Code, runtime.Encoding.Model.Bits),
            Name = record.Name,
            Sequence = (ulong)record.Sequence,
        };
        stored.Labels.AddRange(record.Labels);
        if (record.Digest is { } digest) stored.ContentDigest = Wire.ToBytes(digest);
        if (record.DuplicateOf is { } holder) stored.DuplicateOf = holder;
        return Task.FromResult(stored);
    }

    public override async Task<RemoveReply> Remove(RemoveRequest request, ServerCallContext context)
    {
        bool found = runtime.Store.Remove(request.Id, out long sequence);
        // An unknown id may be unknown since a removal that is not durable yet: nobody is told before it is.
        using (Tracing.StartPart("store.commit")) await runtime.Store.WaitDurableAsync(sequence, context.CancellationToken);
        return found ? new RemoveReply { Sequence = (ulong)sequence } : throw Unknown();
    }

    public override Task<StatsReply> Stats(StatsRequest request, ServerCallContext context)
    {
        (long images, long digestBytes) = runtime.Store.DigestUse;
        return Task.FromResult(new StatsReply
        {
            Codes = (ulong)runtime.Store.Count,
            Model = Wire.ToIdentity(runtime.Encoding),
            DurableSequence = (ulong)runtime.Store.DurableSequence,
            IndexedSequence = (ulong)runtime.Index.AppliedSequence,
            JournalBytes = (ulong)runtime.Store.JournalBytes,
            IndexBytes = (ulong)runtime.Index.Index.MemoryBytes,
            State = runtime.Store.State == StoreState.ReadOnly ? "read-only" : runtime.Index.State == IndexState.Ready ? "ready" : "catching-up",
            ImagesEncoded = (ulong)metrics.ImagesEncoded,
            Searches = (ulong)metrics.SearchesAnswered,
            StoreId = runtime.Store.StoreId.ToString(),
            Duplicates = runtime.Store.Duplicates.ToString().ToLowerInvariant(),
            DigestImages = (ulong)images,
            DigestBytes = (ulong)digestBytes,
            ItemsLinked = (ulong)metrics.ItemsLinked,
            SnapshotProblem = runtime.Index.SnapshotProblem ?? "",
        });
    }

    public override async Task<SnapshotReply> Snapshot(SnapshotRequest request, ServerCallContext context)
    {
        SnapshotInfo snapshot = await runtime.Index.SnapshotAsync(inBackground: false, context.CancellationToken);
        return new SnapshotReply
        {
            Sequence = (ulong)snapshot.Sequence,
            Bytes = (ulong)snapshot.Bytes,
            Milliseconds = (ulong)snapshot.Elapsed.TotalMilliseconds,
        };
    }

    public override async Task Backup(BackupRequest request, IServerStreamWriter<BackupReply> responseStream, ServerCallContext context)
    {
        using BackupReader reader = runtime.Store.OpenBackup(request.Have is null ? null : Wire.ToPoint(request.Have));
        long address = reader.Offer.FromAddress;
        await responseStream.WriteAsync(new BackupReply
        {
            Offer = new Protos.V1.BackupOffer
            {
                Superblock = UnsafeByteOperations.UnsafeWrap(reader.Offer.Superblock),
                Continues = reader.Offer.Continues,
                FromAddress = (ulong)address,
            },
        });
        // A write returns when the client's window has room: a slow client holds this buffer and nothing else.
        byte[] piece = new byte[StoreBackup.PieceBytes];
        while (reader.Read(piece) is > 0 and int length)
        {
            if (runtime.Draining.IsCancellationRequested)
                throw new ServiceException(ErrorReason.ServerDraining, "the server is stopping; run the backup again after the restart, it goes on from there");
            await responseStream.WriteAsync(new BackupReply
            {
                Piece = new BackupPiece { Address = (ulong)address, Data = UnsafeByteOperations.UnsafeWrap(piece.AsMemory(0, length)) },
            });
            address += length;
        }
    }

    private static ServiceException Unknown() => new(ErrorReason.IdUnknown, "no code is stored under this id; check it, it may have been removed");
}
