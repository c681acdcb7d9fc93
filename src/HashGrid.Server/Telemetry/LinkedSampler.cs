using System.Diagnostics;
using OpenTelemetry.Trace;

namespace HashGrid.Server.Telemetry;

/// <summary>
/// A trace that begins with links follows them: an item of a stream, or a batch, is recorded exactly when what it belongs to is. All else is
/// the configured sampler's choice; asked again for each item, a sampler of 1 % would leave 1 % of 1 %.
/// </summary>
public sealed class LinkedSampler(Sampler configured) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        if (samplingParameters.ParentContext.TraceId != default || samplingParameters.Links is not { } links) return configured.ShouldSample(samplingParameters);
        bool linked = false;
        foreach (ActivityLink link in links)
        {
            if (link.Context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)) return new SamplingResult(SamplingDecision.RecordAndSample);
            linked = true;
        }
        return linked ? new SamplingResult(SamplingDecision.Drop) : configured.ShouldSample(samplingParameters);
    }
}
