using System.Runtime.CompilerServices;
using HashGrid.Client.Streams;
using HashGrid.Client.Transport;
using Proto = HashGrid.Protos.V1;

namespace HashGrid.Client;

public sealed partial class HashGridClient
{
    /// <summary>The model the server runs.</summary>
    public async Task<ModelInfo> DescribeAsync(CancellationToken cancellationToken = default) => Messages.Model(await CallAsync(
        call => _encoder.DescribeAsync(new Proto.DescribeRequest(), call), _options.CallTimeout, cancellationToken).ConfigureAwait(false));

    /// <summary>Makes codes of images and stores nothing; results in the order of the images, each with its own outcome.</summary>
    /// <param name="images">Read while there is room: at most <see cref="HashGridClientOptions.StreamWindow"/> are sent and not taken.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <exception cref="HashGridException">The server refused the stream, or was away for too long. After a lost connection unanswered images are sent again, with those that the server put off since it stops or has just started.</exception>
    public async IAsyncEnumerable<EncodeResult> EncodeAsync(
        IAsyncEnumerable<ImageItem> images, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        var exchange = new OrderedExchange<ImageItem, Proto.EncodeRequest, Proto.EncodeReply>(
            ct => _encoder.Encode(cancellationToken: ct), EncodeRequests, reply => reply.Tag,
            reply => reply.OutcomeCase == Proto.EncodeReply.OutcomeOneofCase.Error ? reply.Error : null, NewReconnector(), _options.StreamWindow);
        await foreach ((ImageItem image, Proto.EncodeReply reply) in exchange.RunAsync(images, cancellationToken).ConfigureAwait(false))
        {
            yield return reply.OutcomeCase == Proto.EncodeReply.OutcomeOneofCase.Error
                ? new EncodeResult(image.Tag, default, Messages.Failure(reply.Error))
                : new EncodeResult(image.Tag, Messages.Code(reply.Code), null);
        }
    }

    /// <summary>Opens an ingest stream, new or known; returns when the server has answered where it stands.</summary>
    /// <param name="options">Stream id, first sequence, window; null for a new stream.</param>
    /// <param name="cancellationToken">Ends the opening; the open stream has its own life.</param>
    /// <exception cref="ArgumentException">The options have a problem, or skip sequences that the server does not know.</exception>
    /// <exception cref="HashGridException">FAILED_PRECONDITION when the server runs another model, and the usual ones.</exception>
    public async Task<IngestStream> OpenIngestAsync(IngestOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new IngestOptions();
        ThrowIfAny(options.Validate(), nameof(options));
        var stream = new IngestStream(ct => _ingest.Stream(cancellationToken: ct), options, NewReconnector());
        try
        {
            await stream.WaitOpenAsync(cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stores items and gives one result for each, in order, when it is on disk or refused.</summary>
    /// <param name="items">Read while there is room in the in-flight window.</param>
    /// <param name="options">Stream id, first sequence, window; null for a new stream.</param>
    /// <param name="cancellationToken">Ends the stream; items without a result may or may not be stored.</param>
    /// <exception cref="ArgumentException">The options have a problem.</exception>
    /// <exception cref="HashGridException">The server refused the stream, or was away for too long; results that came before are given first.</exception>
    public async IAsyncEnumerable<IngestResult> IngestAsync(
        IAsyncEnumerable<IngestItem> items, IngestOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        IngestStream stream = await OpenIngestAsync(options, cancellationToken).ConfigureAwait(false);
        await using ConfiguredAsyncDisposable stopStream = stream.ConfigureAwait(false);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task sender = SendAllAsync(stream, items, stop);
        try
        {
            IAsyncEnumerator<IngestResult> results = stream.ReadResultsAsync(stop.Token).GetAsyncEnumerator(stop.Token);
            await using ConfiguredAsyncDisposable stopReading = results.ConfigureAwait(false);
            while (await NextAsync(results, sender, cancellationToken).ConfigureAwait(false))
                yield return results.Current;
            await sender.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await sender.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<IngestResult> results, Task sender, CancellationToken ct)
    {
        try
        {
            return await results.MoveNextAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Only the sender stops the reading besides the caller: its exception is the one to tell.
            await sender.ConfigureAwait(false);
            throw;
        }
    }

    private static async Task SendAllAsync(IngestStream stream, IAsyncEnumerable<IngestItem> items, CancellationTokenSource stop)
    {
        await Task.Yield();
        try
        {
            await foreach (IngestItem item in items.WithCancellation(stop.Token).ConfigureAwait(false))
                await stream.SendAsync(item, stop.Token).ConfigureAwait(false);
            await stream.CompleteAsync(stop.Token).ConfigureAwait(false);
        }
        catch
        {
            // A source that fails must end the wait for results that will never come.
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static IEnumerable<Proto.EncodeRequest> EncodeRequests(ulong tag, ImageItem image)
    {
        if (!ImageChunks.MustCut(image.File))
        {
            yield return new Proto.EncodeRequest { Tag = tag, Image = ImageChunks.Wrap(image.File) };
            yield break;
        }
        yield return new Proto.EncodeRequest { Tag = tag, ChunkedImageBytes = (ulong)image.File.Length };
        foreach (Google.Protobuf.ByteString chunk in ImageChunks.Cut(image.File))
            yield return new Proto.EncodeRequest { Tag = tag, Chunk = chunk };
    }
}
