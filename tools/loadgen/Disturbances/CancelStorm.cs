using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using HashGrid.Protos.V1;

namespace HashGrid.LoadGen.Disturbances;

/// <summary>Streams of images that are cancelled a moment after they were sent, again and again.</summary>
internal sealed class CancelStorm(GrpcChannel channel, int loops, int seed) : Disturbance(loops)
{
    private const int ImagesACall = 8;

    private readonly ByteString _picture = ByteString.CopyFrom(MadePicture.Png(seed, 256));
    private readonly Random[] _random = [.. Enumerable.Range(0, loops).Select(number => new Random(seed + number))];
    private long _images;
    private long _answered;
    private long _calls;

    public override IReadOnlyDictionary<string, double> Facts() => new SortedDictionary<string, double>
    {
        ["calls_cancelled"] = Volatile.Read(ref _calls),
        ["images_cancelled"] = Volatile.Read(ref _images) - Volatile.Read(ref _answered),
    };

    protected override async Task DisturbAsync(int number, CancellationToken ct)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = new Encoder.EncoderClient(channel).Encode(cancellationToken: cancel.Token);
        for (int i = 0; i < ImagesACall; i++)
        {
            await call.RequestStream.WriteAsync(new EncodeRequest { Tag = (ulong)i, Image = _picture }, ct);
            Interlocked.Increment(ref _images);
        }
        cancel.CancelAfter(_random[number].Next(0, 20));
        Interlocked.Increment(ref _calls);
        while (await call.ResponseStream.MoveNext(cancel.Token))
            Interlocked.Increment(ref _answered);
    }
}
