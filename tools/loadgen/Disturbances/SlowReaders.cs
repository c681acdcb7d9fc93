using Grpc.Core;
using Grpc.Net.Client;
using HashGrid.Client;
using HashGrid.Protos.V1;
using SearchRequest = HashGrid.Protos.V1.SearchRequest;

namespace HashGrid.LoadGen.Disturbances;

/// <summary>Search streams that ask for many neighbours as fast as they may, and read one answer a second.</summary>
internal sealed class SlowReaders(GrpcChannel channel, int readers, CodeSource source) : Disturbance(readers)
{
    private const int Neighbours = 10_000;

    private long _asked;
    private long _read;

    protected override TimeSpan Settling => TimeSpan.FromSeconds(1);

    public override IReadOnlyDictionary<string, double> Facts() => new SortedDictionary<string, double>
    {
        ["queries_sent"] = Volatile.Read(ref _asked),
        ["answers_read"] = Volatile.Read(ref _read),
    };

    protected override async Task DisturbAsync(int number, CancellationToken ct)
    {
        using AsyncDuplexStreamingCall<SearchRequest, SearchReply> call = new Search.SearchClient(channel).SearchStream(cancellationToken: ct);
        Task asking = AskAsync(call, number, ct);
        while (await call.ResponseStream.MoveNext(ct))
        {
            Interlocked.Increment(ref _read);
            await Task.Delay(1000, ct);
        }
        await asking;
    }

    private async Task AskAsync(AsyncDuplexStreamingCall<SearchRequest, SearchReply> call, int number, CancellationToken ct)
    {
        try
        {
            for (long i = 0; ; i++)
            {
                BinaryCode code = source.StoredCode(number * 1_000_003 + i);
                await call.RequestStream.WriteAsync(new SearchRequest { Tag = (ulong)i, Nearest = new NearestRequest { Query = new Query { Code = Client.Transport.Messages.Code(code) }, K = Neighbours } }, ct);
                Interlocked.Increment(ref _asked);
            }
        }
        catch (Exception ended) when (ended is RpcException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // Told by the other half of the call.
        }
    }
}
