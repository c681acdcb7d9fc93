using Grpc.Core;
using Grpc.Net.Client;
using HashGrid.Protos.V1;

namespace HashGrid.LoadGen.Drain;

/// <summary>One ingest stream, message by message: sends while it has credits, and keeps what it was told.</summary>
internal sealed class DrainStream(GrpcChannel channel, CodeSource source, string streamId, long firstNumber)
{
    private readonly SemaphoreSlim _credits = new(0);
    private readonly CancellationTokenSource _ended = new();

    public string StreamId => streamId;

    /// <summary>The last sequence that was acknowledged.</summary>
    public ulong Acknowledged { get; private set; }

    public bool ToldToDrain { get; private set; }

    /// <summary>An acknowledgement came after the word to drain.</summary>
    public bool ToldItsSequence { get; private set; }

    /// <summary>The call ended with OK.</summary>
    public bool EndedInOrder { get; private set; }

    /// <summary>Sends until the server ends the call.</summary>
    public async Task RunAsync()
    {
        using AsyncDuplexStreamingCall<IngestRequest, IngestReply> call = new Ingest.IngestClient(channel).Stream();
        await call.RequestStream.WriteAsync(new IngestRequest { Open = new IngestOpen { StreamId = streamId } });
        Task sending = SendAsync(call);
        try
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
                Take(call.ResponseStream.Current);
            EndedInOrder = true;
        }
        catch (RpcException)
        {
            // What it was told is all that counts; the report says that it did not end in order.
        }
        await _ended.CancelAsync();
        await sending;
    }

    /// <summary>Where the server says that the stream stands.</summary>
    public async Task<ulong> ResumeAfterAsync(CancellationToken ct)
    {
        using AsyncDuplexStreamingCall<IngestRequest, IngestReply> call = new Ingest.IngestClient(channel).Stream(cancellationToken: ct);
        await call.RequestStream.WriteAsync(new IngestRequest { Open = new IngestOpen { StreamId = streamId } }, ct);
        await call.ResponseStream.MoveNext(ct);
        ulong resume = call.ResponseStream.Current.Opened.ResumeAfter;
        await call.RequestStream.CompleteAsync();
        return resume;
    }

    private void Take(IngestReply reply)
    {
        switch (reply.MessageCase)
        {
            case IngestReply.MessageOneofCase.Opened when reply.Opened.Credits > 0:
                _credits.Release((int)reply.Opened.Credits);
                break;
            case IngestReply.MessageOneofCase.Credits:
                _credits.Release((int)reply.Credits.Items);
                break;
            case IngestReply.MessageOneofCase.Ack:
                Acknowledged = reply.Ack.Sequence;
                ToldItsSequence |= ToldToDrain;
                break;
            case IngestReply.MessageOneofCase.Drain:
                ToldToDrain = true;
                break;
        }
    }

    private async Task SendAsync(AsyncDuplexStreamingCall<IngestRequest, IngestReply> call)
    {
        try
        {
            for (ulong sequence = 1; ; sequence++)
            {
                await _credits.WaitAsync(_ended.Token);
                HashGrid.Client.IngestItem item = source.Item(firstNumber + (long)sequence);
                var message = new IngestItem { Sequence = sequence, Id = item.Id };
                if (item.Image.IsEmpty)
                    message.Code = Client.Transport.Messages.Code(item.Code);
                else
                    message.Image = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(item.Image);
                await call.RequestStream.WriteAsync(new IngestRequest { Item = message });
            }
        }
        catch (Exception ended) when (ended is RpcException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // The server reads no more: told by the other half of the call.
        }
    }
}
