using Grpc.Core;
using HashGrid.Client.Transport;
using Proto = HashGrid.Protos.V1;

namespace HashGrid.Client.Streams;

/// <summary>One connection of an ingest stream: a writer bounded by the server's credits, and a reader of acknowledgements.</summary>
internal sealed class IngestConnection(InFlightWindow window, AsyncSignal work, Func<bool> completed, Action<Proto.IngestOpened> onOpened, Action<ulong> onStored)
{
    private long _credits;
    private ulong _resumeAfter;
    private volatile bool _settled;
    private bool _draining;

    /// <summary>True: everything is answered and the caller has said that no more comes. False: the server ended the call early.</summary>
    public async Task<bool> RunAsync(
        AsyncDuplexStreamingCall<Proto.IngestRequest, Proto.IngestReply> call, Proto.IngestOpen open, Attempt attempt, CancellationToken ct)
    {
        attempt.Waiting = () => !_settled || !window.IsSettled;
        await call.RequestStream.WriteAsync(new Proto.IngestRequest { Open = open }, ct).ConfigureAwait(false);
        if (!await call.ResponseStream.MoveNext(ct).ConfigureAwait(false) || call.ResponseStream.Current.Opened is not { } opened)
            throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the ingest stream without opening it"));
        _resumeAfter = opened.ResumeAfter;
        _credits = opened.Credits;
        attempt.Heard();
        if (_resumeAfter < window.Acknowledged)
            throw new HashGridException(
                StatusCode.DataLoss, "STREAM_LOST",
                $"the server knows the stream only up to {_resumeAfter}, but has acknowledged {window.Acknowledged}; does it run on another data folder?");

        Task? writer = null;
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            while (await call.ResponseStream.MoveNext(ct).ConfigureAwait(false))
            {
                Take(call.ResponseStream.Current);
                attempt.Heard();
                if (_settled && writer is null)
                {
                    onOpened(opened);
                    writer = WriteAsync(call.RequestStream, stop.Token);
                }
            }
            return completed() && window.IsSettled;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            if (writer is not null)
                await writer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Take(Proto.IngestReply reply)
    {
        switch (reply.MessageCase)
        {
            case Proto.IngestReply.MessageOneofCase.Credits:
                Interlocked.Add(ref _credits, reply.Credits.Items);
                work.Set();
                break;
            case Proto.IngestReply.MessageOneofCase.ItemError:
                Proto.ItemError error = reply.ItemError.Error;
                window.Note(reply.ItemError.Sequence, new ItemNotice(Messages.Failure(error), error.HasDuplicateOf ? error.DuplicateOf : null));
                break;
            case Proto.IngestReply.MessageOneofCase.Duplicate:
                window.Note(reply.Duplicate.Sequence, new ItemNotice(null, reply.Duplicate.Of));
                break;
            case Proto.IngestReply.MessageOneofCase.Ack:
                // The first acknowledgement ends the retelling of refusals that happened before this connection.
                _settled = _settled || reply.Ack.Sequence >= _resumeAfter;
                window.Acknowledge(reply.Ack.Sequence);
                onStored(reply.Ack.StoreSequence);
                work.Set();
                break;
            case Proto.IngestReply.MessageOneofCase.Drain:
                Volatile.Write(ref _draining, true);
                work.Set();
                break;
        }
    }

    private async Task WriteAsync(IClientStreamWriter<Proto.IngestRequest> stream, CancellationToken ct)
    {
        ulong next = _resumeAfter + 1;
        while (true)
        {
            while (!Volatile.Read(ref _draining) && Interlocked.Read(ref _credits) > 0 && next <= window.Last)
            {
                // Absent: acknowledged already, or below this stream's first item.
                if (window.Find(next) is { } item)
                {
                    Interlocked.Decrement(ref _credits);
                    foreach (Proto.IngestRequest request in Requests(next, item))
                        await stream.WriteAsync(request, ct).ConfigureAwait(false);
                }
                next++;
            }
            if (Volatile.Read(ref _draining) || (completed() && next > window.Last))
            {
                await stream.CompleteAsync().ConfigureAwait(false);
                return;
            }
            await work.WaitAsync(ct).ConfigureAwait(false);
        }
    }

    private static IEnumerable<Proto.IngestRequest> Requests(ulong sequence, IngestItem item)
    {
        var head = new Proto.IngestItem
        {
            Sequence = sequence,
            Id = item.Id,
            Labels = { item.Labels },
            Name = item.Name,
            Mode = item.Overwrite ? Proto.PutMode.Upsert : Proto.PutMode.Add,
        };
        if (item.Code.Bits > 0)
            head.Code = Messages.Code(item.Code);
        else if (ImageChunks.MustCut(item.Image))
            head.ChunkedImageBytes = (ulong)item.Image.Length;
        else
            head.Image = ImageChunks.Wrap(item.Image);
        yield return new Proto.IngestRequest { Item = head };
        if (head.ContentCase == Proto.IngestItem.ContentOneofCase.ChunkedImageBytes)
            foreach (Google.Protobuf.ByteString chunk in ImageChunks.Cut(item.Image))
                yield return new Proto.IngestRequest { Chunk = chunk };
    }
}
