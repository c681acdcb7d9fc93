using System.Diagnostics;
using System.Threading.Channels;
using HashGrid.Client;

namespace HashGrid.LoadGen.Overload;

/// <summary>One ingest stream that holds few items: what its window and a short queue cannot take is shed by the client, as a well-meaning one does.</summary>
internal sealed class OverloadStream
{
    // With the credits of the server (64 items by default) this is all that an accepted item may have before it.
    private const int Window = 64, Waiting = 16;

    private readonly Channel<(long Number, long Intended, bool Counts)> _queue = Channel.CreateBounded<(long, long, bool)>(Waiting);
    private readonly Channel<(long Intended, bool Counts)> _sent = Channel.CreateUnbounded<(long, bool)>();
    private readonly IngestStream _stream;
    private readonly CodeSource _source;
    private readonly Measurement _measurement;
    private readonly Task _sending;
    private readonly Task _reading;
    private long _done;

    private OverloadStream(IngestStream stream, CodeSource source, Measurement measurement)
    {
        (_stream, _source, _measurement) = (stream, source, measurement);
        _sending = SendAsync();
        _reading = ReadAsync();
    }

    /// <summary>Items acknowledged so far.</summary>
    public long Done => Volatile.Read(ref _done);

    public static async Task<OverloadStream> OpenAsync(HashGridClient client, CodeSource source, Measurement measurement, CancellationToken ct) =>
        new(await client.OpenIngestAsync(new IngestOptions { MaxInFlight = Window }, ct), source, measurement);

    /// <summary>Sends items, each as soon as there is room.</summary>
    public async Task SaturateAsync(Func<long> next, CancellationToken ct)
    {
        try
        {
            while (!ct.IsCancellationRequested && await _queue.Writer.WaitToWriteAsync(ct))
                _queue.Writer.TryWrite((next(), Stopwatch.GetTimestamp(), _measurement.Offer()));
        }
        catch (OperationCanceledException)
        {
            // The phase is over.
        }
    }

    /// <summary>Queues one item, or sheds it; returns at once.</summary>
    public void Arrive(long number, long intended)
    {
        bool counts = _measurement.Offer();
        if (!_queue.Writer.TryWrite((number, intended, counts)))
            _measurement.Fail(counts, "not sent: the stream's window is full");
    }

    /// <summary>Waits until everything that was sent is answered.</summary>
    public async Task EndAsync()
    {
        _queue.Writer.TryComplete();
        await _sending;
        await _reading;
        await _stream.DisposeAsync();
    }

    private async Task SendAsync()
    {
        try
        {
            await foreach ((long number, long intended, bool counts) in _queue.Reader.ReadAllAsync())
            {
                _sent.Writer.TryWrite((intended, counts));
                await _stream.SendAsync(_source.Item(number));
            }
            await _stream.CompleteAsync();
        }
        catch (HashGridException)
        {
            // The reader learns the same, and counts what was sent; what waits is counted here.
            while (_queue.Reader.TryRead(out (long Number, long Intended, bool Counts) waiting))
                _measurement.Fail(waiting.Counts, "not sent: the stream has ended");
        }
        _queue.Writer.TryComplete();
        _sent.Writer.Complete();
    }

    private async Task ReadAsync()
    {
        try
        {
            await foreach (IngestResult result in _stream.ReadResultsAsync())
            {
                (long intended, bool counts) = await _sent.Reader.ReadAsync();
                if (result.Failure is { } refusal)
                {
                    _measurement.Fail(counts, refusal);
                    continue;
                }
                Interlocked.Increment(ref _done);
                _measurement.Complete(counts, intended);
            }
        }
        catch (HashGridException failure)
        {
            await foreach ((_, bool counts) in _sent.Reader.ReadAllAsync())
                _measurement.Fail(counts, failure);
        }
    }
}
