using System.Diagnostics;
using HashGrid.Server.Telemetry;
using HashGrid.Server.Tests.Support;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;

namespace HashGrid.Server.Tests.Telemetry;

public sealed class OtlpSettingsTests
{
    [Test]
    public void Read_NobodyAsked_IsNull() => Assert.That(Read(new ServerOptions(), [], ("OTEL_TRACES_SAMPLER", "nonsense")), Is.Null);

    [Test]
    public void Read_Disabled_IsNull() => Assert.That(Read(new ServerOptions { OtlpEndpoint = "http://127.0.0.1:4317" }, [], ("OTEL_SDK_DISABLED", "true")), Is.Null);

    [Test]
    public void Read_OptionAndVariable_TheOptionWins()
    {
        OtlpSettings settings = Read(new ServerOptions { OtlpEndpoint = "http://127.0.0.1:1" }, [], ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:2"))!;
        Assert.That((settings.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"], settings.Traces, settings.Metrics), Is.EqualTo(("http://127.0.0.1:1", true, true)));
    }

    [Test]
    public void Read_OneSignal_LeavesTheOtherOut()
    {
        OtlpSettings traces = Read(new ServerOptions(), [], ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:2"))!;
        OtlpSettings metrics = Read(new ServerOptions(), [], ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:2"), ("OTEL_TRACES_EXPORTER", "none"))!;
        Assert.That((traces.Traces, traces.Metrics, metrics.Traces, metrics.Metrics), Is.EqualTo((true, false, false, true)));
    }

    [Test]
    public void Read_ManyWrongVariables_NamesEach()
    {
        List<string> problems = [];
        Read(new ServerOptions(), problems, ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "2"), ("OTEL_METRICS_EXPORTER", "prometheus"));
        Assert.That(problems, Has.Count.EqualTo(4));
        Assert.That(string.Join('\n', problems), Does.Contain("collector:4317").And.Contains("http/json").And.Contains("'2'").And.Contains("prometheus"));
    }

    [TestCase("always_off", false)]
    [TestCase("always_on", true)]
    [TestCase("parentbased_always_off", false)]
    [TestCase(null, true)]
    public void Sampler_OfARootSpan_IsTheVariables(string? name, bool sampled)
    {
        OtlpSettings settings = Read(new ServerOptions { OtlpEndpoint = "http://127.0.0.1:1" }, [], ("OTEL_TRACES_SAMPLER", name))!;
        Assert.That(Decide(settings.Sampler), Is.EqualTo(sampled));
    }

    [Test]
    public void LinkedSampler_RootWithLinks_FollowsThem()
    {
        var on = new LinkedSampler(new AlwaysOnSampler());
        var off = new LinkedSampler(new AlwaysOffSampler());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Decide(off, ActivityTraceFlags.Recorded), Is.True);
            Assert.That(Decide(off, ActivityTraceFlags.None, ActivityTraceFlags.Recorded), Is.True);
            Assert.That(Decide(on, ActivityTraceFlags.None), Is.False);
            Assert.That(Decide(on), Is.True);
            Assert.That(Decide(off), Is.False);
        }
    }

    [Test]
    public void StreamSampler_ManyItems_TracesTheFirstOfEachStreamAndThenByTheClock()
    {
        using SpanRecorder spans = new();
        FakeClock clock = new();
        StreamSampler sampler = new(new ServerOptions { TracedItemsPerSecond = 10 }, clock);
        Activity.Current = null;
        Assert.That(sampler.Sample("item", first: true), Is.Null, "no stream is recorded");
        using Activity stream = Tracing.Source.StartActivity("stream")!;
        int chosen = 0;
        for (int millisecond = 0; millisecond < 1000; millisecond++, clock.Advance(TimeSpan.FromMilliseconds(1)))
        {
            if (sampler.Sample("item", first: false) is { } trace)
            {
                chosen++;
                trace.End();
            }
        }
        sampler.Sample("item", first: true)!.End();
        sampler.Sample("item", first: true)!.End();
        Assert.That((chosen, spans.Named("item").Length), Is.EqualTo((10, 12)));
        Assert.That(Activity.Current, Is.SameAs(stream));
    }

    private static bool Decide(Sampler sampler, params ActivityTraceFlags[] links)
    {
        ActivityLink[] linked = [.. links.Select(flags => new ActivityLink(new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), flags)))];
        SamplingParameters parameters = new(default, ActivityTraceId.CreateRandom(), "item", ActivityKind.Internal, null, linked.Length == 0 ? null : linked);
        return sampler.ShouldSample(parameters).Decision == SamplingDecision.RecordAndSample;
    }

    private static OtlpSettings? Read(ServerOptions options, List<string> problems, params (string Name, string? Value)[] variables) =>
        OtlpSettings.Read(options, new ConfigurationBuilder().AddInMemoryCollection(variables.Select(pair => KeyValuePair.Create(pair.Name, pair.Value))).Build(), problems);
}
