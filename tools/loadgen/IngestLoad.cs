using System.Threading.Channels;
using HashGrid.Client;

namespace HashGrid.LoadGen;

/// <summary>Items over several ingest streams. An arrival waits in its stream's queue when the stream's window is full, and that wait counts.</summary>
internal sealed class IngestLoad : IAsyncDisposable
{
    private readonly CodeSource _source;
    private readonly Measurement _measurement;
    private readonly IngestStream[] _streams;
    private readonly Channel<Arrival>[] _queues;
    private readonly Task[] _work;
    private long _number;
    private long _stored;

    private IngestLoad(CodeSource source, Measurement measurement, IngestStream[] streams, long firstNumber)
    {
        (_source, _measurement, _streams, _number, _stored) = (source, measurement, streams, firstNumber, firstNumber);
        _queues = [.. streams.Select(_ => Channel.CreateUnbounded<Arrival>())];
        _work = [.. streams.Select((stream, i) => RunAsync(stream, _queues[i]))];
    }

    private readonly record struct Arrival(long Number, long Intended, bool Counts);

    /// <summary>Items that were answered: queries aim at about so many.</summary>
    public long Stored => Volatile.Read(ref _stored);

    public static async Task<IngestLoad> OpenAsync(
        HashGridClient client, CodeSource source, LoadOptions options, Measurement measurement, long firstNumber, CancellationToken ct)
    {
        var streams = new IngestStream[options.Streams];
        for (int i = 0; i < streams.Length; i++)
            streams[i] = await client.OpenIngestAsync(cancellationToken: ct);
        return new IngestLoad(source, measurement, streams, firstNumber);
    }

    /// <summary>Queues one item; returns at once.</summary>
    public void Arrive(long intended)
    {
        long number = _number++;
        _queues[number % _queues.Length].Writer.TryWrite(new Arrival(number, intended, _measurement.Offer()));
    }

    /// <summary>Waits until every item has its acknowledgement, or its stream has failed.</summary>
    public async Task DrainAsync()
    {
        foreach (Channel<Arrival> queue in _queues)
            queue.Writer.TryComplete();
        await Task.WhenAll(_work);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IngestStream stream in _streams)
            await stream.DisposeAsync();
    }

    private async Task RunAsync(IngestStream stream, Channel<Arrival> queue)
    {
        // Results come in the order of the items.
        Channel<Arrival> sent = Channel.CreateUnbounded<Arrival>();
        Task reading = ReadAsync(stream, sent.Reader);
        try
        {
            await foreach (Arrival arrival in queue.Reader.ReadAllAsync())
            {
                sent.Writer.TryWrite(arrival);
                await stream.SendAsync(_source.Item(arrival.Number));
            }
            await stream.CompleteAsync();
        }
        catch (Exception failure) when (failure is HashGridException or OperationCanceledException)
        {
            await FailRestAsync(queue, failure);
        }
        sent.Writer.Complete();
        await reading;
    }

    private async Task FailRestAsync(Channel<Arrival> queue, Exception failure)
    {
        await foreach (Arrival arrival in queue.Reader.ReadAllAsync())
            _measurement.Fail(arrival.Counts, failure);
    }

    private async Task ReadAsync(IngestStream stream, ChannelReader<Arrival> sent)
    {
        try
        {
            await foreach (IngestResult result in stream.ReadResultsAsync())
            {
                Arrival arrival = await sent.ReadAsync();
                Interlocked.Increment(ref _stored);
                if (result.Failure is { } refusal)
                    _measurement.Fail(arrival.Counts, refusal);
                else
                    _measurement.Complete(arrival.Counts, arrival.Intended);
            }
        }
        catch (Exception failure) when (failure is HashGridException or OperationCanceledException)
        {
            await foreach (Arrival arrival in sent.ReadAllAsync())
                _measurement.Fail(arrival.Counts, failure);
        }
    }
}
