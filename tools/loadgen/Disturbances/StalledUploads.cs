using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using HashGrid.Protos.V1;

namespace HashGrid.LoadGen.Disturbances;

/// <summary>
/// Uploads that announce a large image and stop half-way. The first ones hold the server's room for uploads; the server does not read the
/// others, whose chunks fill the windows of their streams.
/// </summary>
internal sealed class StalledUploads(GrpcChannel channel, int uploads) : Disturbance(uploads)
{
    private const int ImageBytes = 32 << 20, ChunkBytes = 64 << 10, SentBytes = 4 << 20;

    private readonly ByteString _chunk = ByteString.CopyFrom(new byte[ChunkBytes]);
    private int _stalled;
    private int _most;
    private int _ended;

    protected override TimeSpan Settling => TimeSpan.FromSeconds(1);

    public override IReadOnlyDictionary<string, double> Facts() => new SortedDictionary<string, double>
    {
        ["uploads_stalled_at_once"] = _most,
        ["uploads_ended_by_the_server"] = _ended,
    };

    protected override async Task DisturbAsync(int number, CancellationToken ct)
    {
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = new Encoder.EncoderClient(channel).Encode(cancellationToken: ct);
        await call.RequestStream.WriteAsync(new EncodeRequest { Tag = 1, ChunkedImageBytes = ImageBytes }, ct);
        Task sending = SendAsync(call, ct);
        await Task.WhenAny(sending, Task.Delay(500, ct));
        int stalled = Interlocked.Increment(ref _stalled);
        _most = Math.Max(_most, stalled);
        try
        {
            // The server's only word is the end: it gives up on an upload of which nothing comes.
            await call.ResponseStream.MoveNext(ct);
        }
        finally
        {
            Interlocked.Decrement(ref _stalled);
        }
    }

    protected override void Ended(RpcException failure) => Interlocked.Increment(ref _ended);

    private async Task SendAsync(AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call, CancellationToken ct)
    {
        try
        {
            for (int sent = 0; sent < SentBytes; sent += ChunkBytes)
                await call.RequestStream.WriteAsync(new EncodeRequest { Chunk = _chunk }, ct);
        }
        catch (Exception ended) when (ended is RpcException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // Told by the other half of the call.
        }
    }
}
