using System.CommandLine;
using HashGrid.CommandLine.Inputs;
using HashGrid.Model;
using HashGrid.Server;
using HashGrid.Server.Storage;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid serve: the server, in this process.</summary>
internal sealed class ServeCommand : ToolCommand
{
    private readonly Option<string> _data = new("--data") { DefaultValueFactory = _ => "hashgrid-data", HelpName = "DIR", Description = "Folder of journal, table and snapshots; made if it is not there" };
    private readonly Option<string[]> _listen = new("--listen") { DefaultValueFactory = _ => ["127.0.0.1:5080"], HelpName = "ADDRESS", Description = "host:port, [::1]:port or unix:/path; may be given several times; port 0 takes a free one" };
    private readonly Option<string?> _model = new("--model") { HelpName = "FILE", Description = "Weights (safetensors); default: the variable HASHGRID_MODEL, else the file that comes with the program" };
    private readonly EncoderChoice _encoder = new();
    private readonly Option<int> _threads = new("--threads") { HelpName = "N", Description = "Threads of the network on a CPU; 0: one a core" };
    private readonly Option<string?> _certificate = new("--certificate") { HelpName = "PEM", Description = "Certificate and chain: listen with TLS, except on Unix sockets" };
    private readonly Option<string?> _certificateKey = new("--certificate-key") { HelpName = "PEM", Description = "The certificate's private key" };
    private readonly Option<string?> _clientCa = new("--client-ca") { HelpName = "PEM", Description = "Authority whose certificates clients must show" };
    private readonly Option<string?> _apiKeys = new("--api-keys") { HelpName = "FILE", Description = "Lines of name:key; calls from other machines must carry a key" };
    private readonly Option<int> _callsPerCaller = Limit("--max-calls-per-caller", new ServerOptions().MaxCallsPerCaller, "Open calls of one API key, client certificate or address, streams among them");
    private readonly Option<int> _streamsPerCaller = Limit("--max-streams-per-caller", new ServerOptions().MaxStreamsPerCaller, "Its open streams");
    private readonly Option<int> _imagesPerCaller = Limit("--max-images-per-caller", new ServerOptions().MaxImagesPerCaller, "Its images in flight");
    private readonly Option<string?> _metrics = new("--metrics") { HelpName = "ADDRESS", Description = "GET /metrics for Prometheus on this address, such as 127.0.0.1:9464 or unix:/path; neither encrypted nor asking for keys, so only this machine may reach it" };
    private readonly Option<bool> _remoteMetrics = new("--allow-remote-metrics") { Description = "Let other machines reach the address of --metrics" };
    private readonly Option<string?> _otlp = new("--otlp") { HelpName = "URL", Description = "Collector for traces and metrics, such as http://127.0.0.1:4317; the variables OTEL_EXPORTER_OTLP_*, OTEL_SERVICE_NAME and OTEL_TRACES_SAMPLER count, too" };
    private readonly Option<DuplicateMode> _duplicates = new("--duplicates") { HelpName = "store|link|refuse", DefaultValueFactory = _ => DuplicateMode.Store, Description = "What to do with an image that another id holds, byte for byte: store it, link it (the code that is there, not encoded again) or refuse it" };
    private readonly Option<LogFormat> _logFormat = new("--log-format") { HelpName = "text|json", DefaultValueFactory = _ => LogFormat.Text, Description = "Lines of the log on stderr: text for people, or a JSON object each for collectors" };
    private readonly Option<bool> _remote = new("--allow-remote-plaintext") { Description = "Listen without encryption on addresses that other machines reach" };

    public ServeCommand()
        : base(
            "serve",
            "Run the server until Ctrl-C or SIGTERM. Prints one line for each address when it is ready.",
            "hashgrid serve",
            "hashgrid serve --data /var/lib/hashgrid --listen 127.0.0.1:5080 --listen unix:/run/hashgrid.sock")
    {
        _duplicates.AcceptOnlyFromAmong("store", "link", "refuse");
        _logFormat.AcceptOnlyFromAmong("text", "json");
        foreach (Option option in (Option[])[_data, _listen, _model, .. _encoder.Options, _threads, _certificate, _certificateKey, _clientCa, _apiKeys,
            _callsPerCaller, _streamsPerCaller, _imagesPerCaller, _metrics, _remoteMetrics, _otlp, _duplicates, _logFormat, _remote])
            Add(option);
        SetAction((parsed, ct) => ServerHost.RunAsync(Read(parsed), ct: ct));
    }

    /// <summary>Says everything that is wrong, when the parser has found something already.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="unread">What the parser found, one line each.</param>
    /// <returns>The exit code.</returns>
    public Task<int> RefuseAsync(ParseResult parsed, IReadOnlyCollection<string> unread) => ServerHost.RunAsync(Read(parsed), unread);

    private ServerOptions Read(ParseResult parsed)
    {
        HashEncoderOptions encoder = _encoder.ReadUnchecked(parsed);
        return new ServerOptions
        {
            DataDirectory = parsed.ValueOrDefault(_data)!,
            Listen = parsed.ValueOrDefault(_listen)!,
            ModelPath = parsed.ValueOrDefault(_model),
            Device = encoder.Device,
            Engine = encoder.Engine,
            Precision = encoder.Precision,
            Threads = parsed.ValueOrDefault(_threads),
            CertificatePath = parsed.ValueOrDefault(_certificate),
            CertificateKeyPath = parsed.ValueOrDefault(_certificateKey),
            ClientCaPath = parsed.ValueOrDefault(_clientCa),
            ApiKeysPath = parsed.ValueOrDefault(_apiKeys),
            MaxCallsPerCaller = parsed.ValueOrDefault(_callsPerCaller),
            MaxStreamsPerCaller = parsed.ValueOrDefault(_streamsPerCaller),
            MaxImagesPerCaller = parsed.ValueOrDefault(_imagesPerCaller),
            MetricsListen = parsed.ValueOrDefault(_metrics),
            AllowRemoteMetrics = parsed.ValueOrDefault(_remoteMetrics),
            OtlpEndpoint = parsed.ValueOrDefault(_otlp),
            Duplicates = parsed.ValueOrDefault(_duplicates),
            LogFormat = parsed.ValueOrDefault(_logFormat),
            AllowRemotePlaintext = parsed.ValueOrDefault(_remote),
        };
    }

    private static Option<int> Limit(string name, int standard, string description) =>
        new(name) { HelpName = "N", DefaultValueFactory = _ => standard, Description = description };
}
