using System.Diagnostics;
using Grpc.Core;
using HashGrid.Model.Imaging;
using HashGrid.Protos.V1;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Hosting;
using HashGrid.Server.Security;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Services;

/// <summary>hashgrid.v1.Encoder: images in, codes out, nothing stored.</summary>
internal sealed class EncoderService(ServerRuntime runtime, ServerOptions options, ServerMetrics metrics, StreamSampler sampler, ILogger<EncoderService> logger) : Protos.V1.Encoder.EncoderBase
{
    public override Task<ModelIdentity> Describe(DescribeRequest request, ServerCallContext context) =>
        Task.FromResult(Wire.ToIdentity(runtime.Encoding));

    public override async Task Encode(IAsyncStreamReader<EncodeRequest> requestStream, IServerStreamWriter<EncodeReply> responseStream, ServerCallContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        using var input = new StreamInput<EncodeRequest>(requestStream, options.IdleTimeout, runtime.Draining, end.Token);
        using var window = new ReplyWindow<EncodeReply>(responseStream, options.ReplyWindow, metrics, context.Method);
        await StreamLoops.RunAsync(() => ReadAsync(input, window, Callers.Of(context), runtime.DeadlineOf(context), end.Token), window, end);
        if (input.Drained) throw new ServiceException(ErrorReason.ServerDraining, "the server is stopping; every image that was read has been answered");
    }

    private async Task ReadAsync(StreamInput<EncodeRequest> input, ReplyWindow<EncodeReply> window, Caller caller, DateTimeOffset deadline, CancellationToken ct)
    {
        EncodeFlow flow = runtime.Encoding.OpenFlow(EncodeFlow.EncodeWeight, options.StreamLimit);
        ImageRoom room = caller.Images.OpenStream();
        bool first = true;
        while (await input.NextAsync() is { } request)
        {
            if (request.ContentCase == EncodeRequest.ContentOneofCase.Chunk)
                throw new ServiceException(ErrorReason.ChunkOutOfPlace, "a chunk came without an announced image; announce its size first");
            await window.EnterAsync(ct);
            try
            {
                await StartAsync(request, sampler.Sample("encode.item", first), flow, room, caller.Uploads, input, window, deadline, ct);
                first = false;
            }
            catch
            {
                window.Abandon();
                throw;
            }
        }
    }

    private async Task StartAsync(EncodeRequest request, ItemTrace? trace, EncodeFlow flow, ImageRoom room, UploadRoom uploads,
        StreamInput<EncodeRequest> input, ReplyWindow<EncodeReply> window, DateTimeOffset deadline, CancellationToken ct)
    {
        long came = Stopwatch.GetTimestamp();
        if (request.ContentCase == EncodeRequest.ContentOneofCase.ChunkedImageBytes) trace?.Enter("upload");
        await using ChunkedImage? upload = request.ContentCase == EncodeRequest.ContentOneofCase.ChunkedImageBytes
            ? await ChunkedImage.AnnounceAsync(request.ChunkedImageBytes, options.MaxImageBytes, uploads, ct)
            : null;
        Task<ulong[]> code;
        if (upload is not null && !await upload.ReadAsync((allowed, late) => NextChunkAsync(input, allowed, late)))
        {
            code = Task.FromException<ulong[]>(new ServiceException(ErrorReason.ServerDraining, "the server is stopping; send the image again after the restart"));
        }
        else
        {
            if (upload is not null) metrics.Uploaded(Stopwatch.GetElapsedTime(came));
            try
            {
                if (upload?.Refusal is { } refusal) throw new ServiceException(refusal.Entry.Reason, refusal.Message);
                if (request.ContentCase == EncodeRequest.ContentOneofCase.None) throw new ServiceException(ErrorReason.RequestIncomplete, "the request holds no image");
                ReadOnlyMemory<byte> file = upload is null ? request.Image.Memory : await upload.ToFileAsync(ct);
                code = (await runtime.Encoding.EnqueueAsync(flow, file, deadline, ct, trace, room)).Code;
            }
            catch (Exception failure) when (failure is ServiceException or ImageFormatException)
            {
                code = Task.FromException<ulong[]>(failure);
            }
        }
        _ = AnswerAsync(request.Tag, code, trace, window);
    }

    private async Task AnswerAsync(ulong tag, Task<ulong[]> code, ItemTrace? trace, ReplyWindow<EncodeReply> window)
    {
        var reply = new EncodeReply { Tag = tag };
        try
        {
            reply.Code = Wire.ToCode(await code, runtime.Encoding.Model.Bits);
            trace?.End();
        }
        catch (Exception caught)
        {
            Failure failure = ErrorTranslator.Translate(caught);
            if (failure.Entry.Reason == ErrorReason.Internal) logger.Bug("Encode", caught);
            trace?.End(failure.Entry.Reason);
            reply.Error = Wire.ToItemError(failure);
        }
        window.Post(reply);
    }

    private static async ValueTask<ReadOnlyMemory<byte>?> NextChunkAsync(StreamInput<EncodeRequest> input, TimeSpan allowed, Func<ServiceException> late)
    {
        EncodeRequest? request = await input.NextAsync(allowed, late);
        if (request is null && input.Drained) return null;
        if (request?.ContentCase == EncodeRequest.ContentOneofCase.Chunk) return request.Chunk.Memory;
        throw ChunkedImage.Interrupted(ended: request is null);
    }
}
