using System.Diagnostics;
using System.Threading.Channels;
using HashGrid.Index;
using HashGrid.Model.Imaging;
using HashGrid.Protos.V1;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Services;
using HashGrid.Server.Storage;
using HashGrid.Server.Telemetry;
using PutMode = HashGrid.Server.Storage.PutMode;

namespace HashGrid.Server.Ingest;

/// <summary>
/// The reading loop of one ingest stream: messages to work, images into the encoder. What is wrong with one item becomes that item's
/// failure; what is wrong with the stream's order ends the stream.
/// </summary>
internal sealed class IngestReader(
    StreamInput<IngestRequest> input, CreditWindow credits, EncodePipeline encoding, CodeStore store, UploadRoom uploads, ServerOptions options, ServerMetrics metrics, StreamSampler sampler,
    ImageRoom room, DateTimeOffset deadline)
{
    private const int MaxLabels = 64;
    private const int MaxLabelBytes = 128;
    private const int MaxNameBytes = 256;

    private readonly EncodeFlow _flow = encoding.OpenFlow(EncodeFlow.IngestWeight, options.StreamLimit);
    private readonly CodeWidth _width = new(encoding.Model.Bits);

    /// <summary>Reads until the client ends the stream or the server drains.</summary>
    /// <param name="resumeAfter">Items up to here are taken already: they are acknowledged and not looked at.</param>
    /// <param name="work">Receives the items in order.</param>
    /// <param name="ct">Ends the stream, and unlinks its images from the encoder.</param>
    public async Task RunAsync(ulong resumeAfter, ChannelWriter<IngestWork> work, CancellationToken ct)
    {
        ulong last = 0;
        while (await input.NextAsync() is { } request)
        {
            if (request.MessageCase == IngestRequest.MessageOneofCase.Open)
                throw new ServiceException(ErrorReason.StreamOpenedTwice, "a second IngestOpen came on an open stream; use another call");
            if (request.MessageCase == IngestRequest.MessageOneofCase.Chunk)
                throw new ServiceException(ErrorReason.ChunkOutOfPlace, "a chunk came without an announced image; announce its size in an item first");
            if (request.Item is not { } item)
                throw new ServiceException(ErrorReason.RequestIncomplete, "a request holds neither an item nor a chunk");
            CheckSequence(item.Sequence, last, resumeAfter);
            bool known = item.Sequence <= resumeAfter;
            ItemTrace? trace = known ? null : sampler.Sample("ingest.item", first: last == 0);
            last = Math.Max(last, item.Sequence);
            credits.Receive(item.CalculateSize() + (long)Math.Min(item.ChunkedImageBytes, (ulong)options.MaxImageBytes));
            (Task<ulong[]> code, ContentDigest? digest) = await StartAsync(item, known, trace, ct);
            if (input.Drained && code.IsCanceled) return;   // an upload that the drain cut off
            await work.WriteAsync(new IngestWork(item.Sequence, item.Id, [.. item.Labels], item.Name, ToMode(item.Mode), code, digest, trace), ct);
        }
    }

    // A client that lost its connection may start again anywhere up to the first item that is not taken; from there on without gaps.
    private static void CheckSequence(ulong sequence, ulong last, ulong resumeAfter)
    {
        if (sequence == 0) throw new ServiceException(ErrorReason.StreamSequenceGap, "an item has sequence 0, but they count from 1");
        ulong expected = Math.Max(last, last == 0 ? resumeAfter : 0) + 1;
        if (last == 0 ? sequence > expected : sequence != expected)
            throw new ServiceException(ErrorReason.StreamSequenceGap, $"an item has sequence {sequence}, but {expected} is next; send items in order, without gaps");
    }

    private async ValueTask<(Task<ulong[]> Code, ContentDigest? Digest)> StartAsync(IngestItem item, bool known, ItemTrace? trace, CancellationToken ct)
    {
        long came = Stopwatch.GetTimestamp();
        if (item.ContentCase == IngestItem.ContentOneofCase.ChunkedImageBytes) trace?.Enter("upload");
        await using ChunkedImage? upload = item.ContentCase == IngestItem.ContentOneofCase.ChunkedImageBytes
            ? await ChunkedImage.AnnounceAsync(item.ChunkedImageBytes, options.MaxImageBytes, uploads, ct)
            : null;
        if (upload is not null && !await upload.ReadAsync(NextChunkAsync)) return (Task.FromCanceled<ulong[]>(new CancellationToken(canceled: true)), null);
        if (upload is not null) metrics.Uploaded(Stopwatch.GetElapsedTime(came));
        if (known) return (Task.FromResult<ulong[]>([]), null);
        try
        {
            CheckTexts(item);
            if (upload?.Refusal is { } refusal) throw new ServiceException(refusal.Entry.Reason, refusal.Message);
            switch (item.ContentCase)
            {
                case IngestItem.ContentOneofCase.Code:
                    return (Task.FromResult(Wire.ToWords(item.Code, _width)), null);
                case IngestItem.ContentOneofCase.Image:
                    return await EncodeAsync(item.Image.Memory, trace, ct);
                case IngestItem.ContentOneofCase.ChunkedImageBytes:
                    return await EncodeAsync(await upload!.ToFileAsync(ct), trace, ct);
                default:
                    throw new ServiceException(ErrorReason.RequestIncomplete, "the item holds neither an image nor a code");
            }
        }
        catch (Exception failure) when (failure is ServiceException or ImageFormatException)
        {
            return (Task.FromException<ulong[]>(failure), null);
        }
    }

    /// <summary>The code of an image: of the same file if one is stored and duplicates are looked for, else from the encoder.</summary>
    private async ValueTask<(Task<ulong[]> Code, ContentDigest? Digest)> EncodeAsync(ReadOnlyMemory<byte> file, ItemTrace? trace, CancellationToken ct)
    {
        ContentDigest digest = ContentDigest.Of(file.Span);
        // Whether the item counts as a duplicate is decided when it is stored; its code is the right one in any case.
        if (store.FindContent(digest) is { } known) return (Task.FromResult(known.Code), digest);
        return ((await encoding.EnqueueAsync(_flow, file, deadline, ct, trace, room)).Code, digest);
    }

    private async ValueTask<ReadOnlyMemory<byte>?> NextChunkAsync(TimeSpan allowed, Func<ServiceException> late)
    {
        IngestRequest? request = await input.NextAsync(allowed, late);
        if (request is null && input.Drained) return null;
        if (request?.MessageCase == IngestRequest.MessageOneofCase.Chunk) return request.Chunk.Memory;
        throw ChunkedImage.Interrupted(ended: request is null);
    }

    private static void CheckTexts(IngestItem item)
    {
        if (item.Labels.Count > MaxLabels)
            throw new ServiceException(ErrorReason.LabelsInvalid, $"the item has {item.Labels.Count} labels, but at most {MaxLabels} are kept");
        foreach (string label in item.Labels)
        {
            int bytes = System.Text.Encoding.UTF8.GetByteCount(label);
            if (bytes is 0 or > MaxLabelBytes)
                throw new ServiceException(ErrorReason.LabelsInvalid, $"a label has {bytes} bytes, but 1 to {MaxLabelBytes} are allowed");
        }
        if (System.Text.Encoding.UTF8.GetByteCount(item.Name) is var length and > MaxNameBytes)
            throw new ServiceException(ErrorReason.NameInvalid, $"the name has {length} bytes, but at most {MaxNameBytes} are kept; shorten it");
    }

    private static PutMode ToMode(Protos.V1.PutMode mode) => mode switch
    {
        Protos.V1.PutMode.Upsert => PutMode.Upsert,
        _ => PutMode.Add,
    };
}
