using System.Globalization;
using OpenTelemetry.Trace;

namespace HashGrid.Server.Telemetry;

/// <summary>Where traces and metrics go by OTLP: <see cref="ServerOptions.OtlpEndpoint"/> and OpenTelemetry's own environment variables.</summary>
public sealed class OtlpSettings
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private OtlpSettings(IConfiguration configuration, bool traces, bool metrics, Sampler sampler) =>
        (Configuration, Traces, Metrics, Sampler) = (configuration, traces, metrics, sampler);

    /// <summary>The variables, with the option in the place of its own; the exporters read the rest of their settings from here.</summary>
    public IConfiguration Configuration { get; }

    public bool Traces { get; }

    public bool Metrics { get; }

    public Sampler Sampler { get; }

    /// <summary>Reads and checks them.</summary>
    /// <param name="options">The option goes before the variable.</param>
    /// <param name="environment">The variables.</param>
    /// <param name="problems">Receives what is wrong, a sentence each.</param>
    /// <returns>Null when nobody asked for an export: then nothing is started.</returns>
    public static OtlpSettings? Read(ServerOptions options, IConfiguration environment, List<string> problems)
    {
        string? traces = environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], metrics = environment["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"];
        string? both = options.OtlpEndpoint ?? environment[Endpoint];
        if (IsTrue(environment["OTEL_SDK_DISABLED"]) || (both ?? traces ?? metrics) is null) return null;
        if (options.OtlpEndpoint is null) Url(Endpoint, both);
        Url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces);
        Url("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", metrics);
        foreach (string name in (string[])["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"])
        {
            if (environment[name] is { } protocol and not "grpc" and not "http/protobuf") problems.Add($"{name} is '{protocol}', but grpc or http/protobuf is needed");
        }
        Sampler sampler = ReadSampler(environment["OTEL_TRACES_SAMPLER"], environment["OTEL_TRACES_SAMPLER_ARG"], problems);
        IConfigurationBuilder configuration = new ConfigurationBuilder().AddConfiguration(environment);
        if (options.OtlpEndpoint is { } endpoint) configuration.AddInMemoryCollection([new(Endpoint, endpoint)]);
        return new OtlpSettings(configuration.Build(), Wanted("OTEL_TRACES_EXPORTER", both ?? traces), Wanted("OTEL_METRICS_EXPORTER", both ?? metrics), sampler);

        void Url(string name, string? value)
        {
            if (value is not null && Problem(value) is { } problem) problems.Add($"{name} '{value}' {problem}");
        }

        bool Wanted(string name, string? where)
        {
            string exporter = environment[name] ?? "otlp";
            if (exporter is not "otlp" and not "none") problems.Add($"{name} is '{exporter}', but otlp or none is needed");
            return where is not null && exporter != "none";
        }
    }

    /// <summary>What is wrong with the address of a collector, or null.</summary>
    public static string? Problem(string endpoint) =>
        Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            ? null
            : "is no address of a collector; write http://127.0.0.1:4317, or https for another machine";

    private static Sampler ReadSampler(string? name, string? argument, List<string> problems)
    {
        double ratio = 1;
        if (name is "traceidratio" or "parentbased_traceidratio" && argument is not null &&
            !(double.TryParse(argument, NumberStyles.Float, CultureInfo.InvariantCulture, out ratio) && ratio is >= 0 and <= 1))
        {
            problems.Add($"OTEL_TRACES_SAMPLER_ARG is '{argument}', but a number from 0 to 1 is needed");
            ratio = 1;
        }
        switch (name)
        {
            case null or "" or "parentbased_always_on": return new ParentBasedSampler(new AlwaysOnSampler());
            case "always_on": return new AlwaysOnSampler();
            case "always_off": return new AlwaysOffSampler();
            case "traceidratio": return new TraceIdRatioBasedSampler(ratio);
            case "parentbased_always_off": return new ParentBasedSampler(new AlwaysOffSampler());
            case "parentbased_traceidratio": return new ParentBasedSampler(new TraceIdRatioBasedSampler(ratio));
            default:
                problems.Add($"OTEL_TRACES_SAMPLER is '{name}', but always_on, always_off, traceidratio or parentbased_ and one of these is needed");
                return new AlwaysOffSampler();
        }
    }

    private static bool IsTrue(string? value) => string.Equals(value, "true", StringComparison.OrdinalIgnoreCase);
}
