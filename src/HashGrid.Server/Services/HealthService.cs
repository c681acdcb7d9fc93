using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace HashGrid.Server.Services;

/// <summary>grpc.health.v1, one status a service: NOT_SERVING until ready, and from the moment the server stops.</summary>
public sealed class HealthService : HealthServiceImpl
{
    public const string Ingest = "hashgrid.v1.Ingest";
    public const string Search = "hashgrid.v1.Search";

    private static readonly string[] Names = ["", "hashgrid.v1.Encoder", Ingest, Search, "hashgrid.v1.Store"];
    private readonly IHostApplicationLifetime _lifetime;

    public HealthService(IHostApplicationLifetime lifetime)
    {
        _lifetime = lifetime;
        SetAll(ServingStatus.NotServing);
    }

    public void SetAll(ServingStatus status)
    {
        foreach (string name in Names) SetStatus(name, status);
    }

    /// <summary>One service stops serving; the others go on.</summary>
    public void SetNotServing(string name) => SetStatus(name, ServingStatus.NotServing);

    /// <summary>As the base, but a stop of the server ends the call: a watcher must not hold up the drain.</summary>
    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration stop = _lifetime.ApplicationStopping.UnsafeRegister(state => ((TaskCompletionSource)state!).TrySetResult(), stopped);
        await await Task.WhenAny(base.Watch(request, responseStream, context), stopped.Task);
    }
}
