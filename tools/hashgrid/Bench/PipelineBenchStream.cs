using HashGrid.Client;

namespace HashGrid.CommandLine.Bench;

/// <summary>One Encode stream that stays open through all measurements: sends images in turn while it is told to, and counts what is answered.</summary>
/// <remarks>A stream that is opened and emptied again for every few images measures its own beginning and end, where the batches are small.</remarks>
internal sealed class PipelineBenchStream : IAsyncDisposable
{
    private readonly byte[][] _files;
    private readonly CancellationTokenSource _stop;
    private readonly object _gate = new();   // guards what follows; waiters sleep on it
    private readonly Task _reading;
    private TaskCompletionSource _resume = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _sending;
    private long _sent;
    private long _answered;
    private Exception? _failure;

    public PipelineBenchStream(HashGridClient client, byte[][] files, CancellationToken ct)
    {
        _files = files;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        _reading = ReadAsync(client);
    }

    /// <summary>Sends from here on; returns when as many images have been answered as there are, and the queues are full.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            _sending = true;
            _resume.TrySetResult();
        }
        Take();
    }

    /// <summary>Returns when as many further images have been answered as there are.</summary>
    /// <exception cref="CommandException">The server refused one, or ended the stream.</exception>
    public void Take()
    {
        lock (_gate) Await(_answered + _files.Length);
    }

    /// <summary>Sends no more, and returns when all is answered: whoever is measured next has the machine to itself.</summary>
    public void End()
    {
        lock (_gate)
        {
            _sending = false;
            _resume = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Await(_sent);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        _stop.Dispose();
    }

    private void Await(long answered)
    {
        while (_answered < answered && _failure is null) Monitor.Wait(_gate);
        if (_failure is not null) throw new CommandException($"the server did not answer an image: {_failure.Message}");
    }

    private async Task ReadAsync(HashGridClient client)
    {
        Exception failure = new InvalidOperationException("the stream ended");
        try
        {
            await foreach (EncodeResult result in client.EncodeAsync(ItemsAsync(), _stop.Token))
            {
                if (result.Failure is { } refusal) throw new InvalidOperationException(refusal.Message);
                lock (_gate)
                {
                    _answered++;
                    Monitor.PulseAll(_gate);
                }
            }
        }
        catch (Exception caught)
        {
            failure = caught;
        }
        lock (_gate)
        {
            _failure = failure;
            Monitor.PulseAll(_gate);
        }
    }

    private async IAsyncEnumerable<ImageItem> ItemsAsync()
    {
        while (true)
        {
            Task resume;
            long number = -1;
            lock (_gate)
            {
                resume = _resume.Task;
                if (_sending) number = _sent++;
            }
            if (number < 0) await resume.WaitAsync(_stop.Token);
            else yield return new ImageItem((ulong)number, _files[number % _files.Length]);
        }
    }
}
