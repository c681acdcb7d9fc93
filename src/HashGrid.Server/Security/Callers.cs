using Grpc.Core;
using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Hosting;
using HashGrid.Server.Searching;
using HashGrid.Server.Telemetry;
using Microsoft.AspNetCore.Http.Features;

namespace HashGrid.Server.Security;

/// <summary>Who has calls open, and how many of what: bounds the calls and streams of one caller, so that it cannot use up what all share.</summary>
/// <remarks>Thread-safe. A caller is forgotten with its last call; images that a thread still works on for it then count no more.</remarks>
internal sealed class Callers
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Caller> _callers = new(StringComparer.Ordinal);
    private readonly ServerOptions _options;
    private readonly SearchGate _searches;
    private readonly AdmissionBudget _uploads;

    public Callers(ServerOptions options, SearchGate searches, ServerRuntime runtime, ServerMetrics metrics)
    {
        (_options, _searches, _uploads) = (options, searches, runtime.Uploads);
        metrics.ObserveCallers(() => Count);
    }

    /// <summary>Callers with open calls.</summary>
    public int Count
    {
        get { lock (_gate) return _callers.Count; }
    }

    /// <summary>Whose call this is, as the middleware found out.</summary>
    public static Caller Of(ServerCallContext context) => context.GetHttpContext().Features.GetRequiredFeature<Caller>();

    /// <summary>Opens a call.</summary>
    /// <param name="name">Of the caller.</param>
    /// <param name="stream">Whether the call is a stream.</param>
    /// <param name="refusal">Why there is none.</param>
    /// <returns>The caller, to be given to <see cref="Leave"/>; null when it has too much open already.</returns>
    public Caller? Enter(string name, bool stream, out Failure refusal)
    {
        refusal = default;
        lock (_gate)
        {
            if (!_callers.TryGetValue(name, out Caller? caller)) caller = Meet(name);
            if (caller.Calls >= _options.MaxCallsPerCaller)
            {
                refusal = new Failure(ErrorReason.CallerBusy, $"this caller has {caller.Calls} calls open, and {_options.MaxCallsPerCaller} are allowed; "
                    + "try again after the hint, or use streams in place of many calls");
                return null;
            }
            if (stream && caller.Streams >= _options.MaxStreamsPerCaller)
            {
                refusal = new Failure(ErrorReason.CallerTooManyStreams, $"this caller has {caller.Streams} streams open, and {_options.MaxStreamsPerCaller} are allowed; "
                    + "end one, put more items on each, or try again after the hint");
                return null;
            }
            caller.Calls++;
            if (stream) caller.Streams++;
            _callers[name] = caller;
            return caller;
        }
    }

    /// <summary>Closes a call.</summary>
    public void Leave(Caller caller, bool stream)
    {
        lock (_gate)
        {
            if (stream) caller.Streams--;
            // Addresses that called once are not kept for ever.
            if (--caller.Calls == 0) _callers.Remove(caller.Name);
        }
    }

    private Caller Meet(string name) => new(name, _options.MaxImagesPerCaller, _searches.OpenCaller(), new UploadRoom(_uploads, _options.UploadBytesOfOneCaller, _options.StartUpload));
}
