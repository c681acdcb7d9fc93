using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using HashGrid.Protos.V1;

namespace HashGrid.LoadGen.Disturbances;

/// <summary>Searches by image whose deadlines are drawn from 1 ms to 1 s, each tenth of the logarithm as often as the others.</summary>
internal sealed class DeadlineMix(GrpcChannel channel, int loops, int seed) : Disturbance(loops)
{
    private readonly ByteString _picture = ByteString.CopyFrom(MadePicture.Png(seed, 256));
    private readonly Random[] _random = [.. Enumerable.Range(0, loops).Select(number => new Random(seed + number))];

    public override Measurement Measurement { get; } = new("search by image");

    public override IReadOnlyDictionary<string, double> Facts() => new SortedDictionary<string, double>();

    protected override async Task DisturbAsync(int number, CancellationToken ct)
    {
        double milliseconds = Math.Pow(10, 3 * _random[number].NextDouble());
        bool counts = Measurement.Offer();
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        try
        {
            await new Search.SearchClient(channel).NearestAsync(new NearestRequest { Query = new Query { Image = _picture }, K = 10 }, deadline: DateTime.UtcNow.AddMilliseconds(milliseconds), cancellationToken: ct);
            Measurement.Complete(counts, start);
        }
        catch (RpcException failure) when (!ct.IsCancellationRequested)
        {
            Measurement.Fail(counts, Client.HashGridException.From(failure, "the server"));
            // A caller whose call was refused comes again, but not at once.
            await Task.Delay(TimeSpan.FromMilliseconds(5), ct);
        }
    }
}
