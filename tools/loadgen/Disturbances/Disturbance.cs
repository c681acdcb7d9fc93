using Grpc.Core;

namespace HashGrid.LoadGen.Disturbances;

/// <summary>A number of loops, each of which disturbs until it is told to stop.</summary>
internal abstract class Disturbance(int loops) : IDisturbance
{
    private CancellationTokenSource _stop = new();
    private Task[] _running = [];

    public virtual Measurement? Measurement => null;

    /// <summary>How long the loops need until they are in everybody's way.</summary>
    protected virtual TimeSpan Settling => TimeSpan.FromMilliseconds(200);

    public async Task StartAsync()
    {
        _stop = new CancellationTokenSource();
        _running = [.. Enumerable.Range(0, loops).Select(number => Task.Run(() => LoopAsync(number, _stop.Token)))];
        await Task.Delay(Settling);
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _running = [];
        _stop.Dispose();
    }

    public abstract IReadOnlyDictionary<string, double> Facts();

    public async ValueTask DisposeAsync()
    {
        if (_running.Length > 0)
            await StopAsync();
    }

    /// <summary>Disturbs once: one call, however it ends.</summary>
    protected abstract Task DisturbAsync(int number, CancellationToken ct);

    /// <summary>A call ended otherwise than by the stop.</summary>
    protected virtual void Ended(RpcException failure)
    {
    }

    private async Task LoopAsync(int number, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await DisturbAsync(number, ct);
            }
            catch (Exception ended) when (ended is OperationCanceledException or RpcException or IOException or InvalidOperationException)
            {
                if (ended is RpcException failure && !ct.IsCancellationRequested)
                    Ended(failure);
            }
        }
    }
}
