using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace HashGrid.Server.Services;

/// <summary>
/// grpc.health.v1, one status a service: NOT_SERVING until ready, from the moment its part fails, and from the moment the server stops. The
/// server as a whole, asked for by an empty name, serves while all of them do.
/// </summary>
/// <remarks>Thread-safe. What failed or stopped never serves again: only a new process does.</remarks>
public sealed class HealthService : HealthServiceImpl
{
    public const string Ingest = "hashgrid.v1.Ingest";
    public const string Search = "hashgrid.v1.Search";

    private const string Whole = "";

    private static readonly string[] Names = ["hashgrid.v1.Encoder", Ingest, Search, "hashgrid.v1.Store"];
    private readonly IHostApplicationLifetime _lifetime;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _failed = new(StringComparer.Ordinal);
    private bool _ready;
    private bool _stopped;

    public HealthService(IHostApplicationLifetime lifetime)
    {
        _lifetime = lifetime;
        Publish();
    }

    /// <summary>Everything is warm and caught up: what has not failed serves.</summary>
    public void SetReady()
    {
        lock (_gate)
        {
            _ready = true;
            Publish();
        }
    }

    /// <summary>One service stops serving; the others go on, and the server is not whole any more.</summary>
    /// <param name="name">The gRPC name of the service.</param>
    public void SetFailed(string name)
    {
        lock (_gate)
        {
            _failed.Add(name);
            Publish();
        }
    }

    /// <summary>The server stops: nothing serves from now on, even if it became ready in this moment.</summary>
    public void SetStopped()
    {
        lock (_gate)
        {
            _stopped = true;
            Publish();
        }
    }

    /// <summary>As the base, but a stop of the server ends the call: a watcher must not hold up the drain.</summary>
    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration stop = _lifetime.ApplicationStopping.UnsafeRegister(state => ((TaskCompletionSource)state!).TrySetResult(), stopped);
        await await Task.WhenAny(base.Watch(request, responseStream, context), stopped.Task);
    }

    private void Publish()
    {
        bool open = _ready && !_stopped;
        foreach (string name in Names) Set(name, open && !_failed.Contains(name));
        Set(Whole, open && _failed.Count == 0);
    }

    // The base tells its watchers of changes only.
    private void Set(string name, bool serves) => SetStatus(name, serves ? ServingStatus.Serving : ServingStatus.NotServing);
}
