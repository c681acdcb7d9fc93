using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Errors;
using HashGrid.Server.Hosting;
using HashGrid.Server.Ingest;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Services;

/// <summary>hashgrid.v1.Ingest: checks the opening, then hands the stream to its session.</summary>
internal sealed class IngestService(ServerRuntime runtime, ServerOptions options, ServerMetrics metrics, StreamSampler sampler, ILogger<IngestService> logger) : Protos.V1.Ingest.IngestBase
{
    private const int MaxStreamIdCharacters = 128;

    public override async Task Stream(IAsyncStreamReader<IngestRequest> requestStream, IServerStreamWriter<IngestReply> responseStream, ServerCallContext context)
    {
        if (runtime.Draining.IsCancellationRequested) throw new ServiceException(ErrorReason.ServerDraining, "the server is stopping; open the stream again after the restart");
        IngestOpen open;
        using (var input = new StreamInput<IngestRequest>(requestStream, options.IdleTimeout, runtime.Draining, context.CancellationToken)) open = await OpeningAsync(input);
        using StreamLease lease = await runtime.Streams.TakeAsync(open.StreamId, context.CancellationToken);
        metrics.StreamsChanged(1);
        try
        {
            await new IngestSession(runtime, options, metrics, sampler, logger, lease, context).RunAsync(open, requestStream, responseStream);
        }
        finally
        {
            metrics.StreamsChanged(-1);
        }
    }

    private async Task<IngestOpen> OpeningAsync(StreamInput<IngestRequest> input)
    {
        IngestRequest? first = await input.NextAsync();
        if (first is null && input.Drained) throw new ServiceException(ErrorReason.ServerDraining, "the server is stopping; open the stream again after the restart");
        if (first?.Open is not { } open)
            throw new ServiceException(ErrorReason.StreamNotOpened, $"{(first is null ? "the stream ended" : "another message came")} where IngestOpen was expected; send it first");
        if (open.StreamId.Length is 0 or > MaxStreamIdCharacters)
            throw new ServiceException(ErrorReason.StreamIdInvalid, $"the stream id has {open.StreamId.Length} characters, but 1 to {MaxStreamIdCharacters} are allowed");
        string fingerprint = runtime.Encoding.Model.Fingerprint;
        if (open.ModelFingerprint.Length > 0 && open.ModelFingerprint != fingerprint)
            throw new ServiceException(ErrorReason.ModelMismatch,
                $"the client expects a model with fingerprint {Short(open.ModelFingerprint)}, but this server runs {Short(fingerprint)}; codes of two models must never be compared");
        return open;
    }

    private static string Short(string fingerprint) => fingerprint.Length <= 12 ? fingerprint : fingerprint[..12];
}
