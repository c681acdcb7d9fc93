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
    private readonly Option<string?> _metrics = new("--metrics") { HelpName = "ADDRESS", Description = "GET /metrics for Prometheus on this address, such as 127.0.0.1:9464; never encrypted, so keep it local" };
    private readonly Option<string?> _otlp = new("--otlp") { HelpName = "URL", Description = "Collector for traces and metrics, such as http://127.0.0.1:4317; the variables OTEL_EXPORTER_OTLP_*, OTEL_SERVICE_NAME and OTEL_TRACES_SAMPLER count, too" };
    private readonly Option<DuplicateMode> _duplicates = new("--duplicates") { HelpName = "store|link|refuse", DefaultValueFactory = _ => DuplicateMode.Store, Description = "What to do with an image that another id holds, byte for byte: store it, link it (the code that is there, not encoded again) or refuse it" };
    private readonly Option<bool> _remote = new("--allow-remote-plaintext") { Description = "Listen without encryption on addresses that other machines reach" };

    public ServeCommand()
        : base(
            "serve",
            "Run the server until Ctrl-C or SIGTERM. Prints one line for each address when it is ready.",
            "hashgrid serve",
            "hashgrid serve --data /var/lib/hashgrid --listen 127.0.0.1:5080 --listen unix:/run/hashgrid.sock")
    {
        foreach (Option option in (Option[])[_data, _listen, _model, .. _encoder.Options, _threads, _certificate, _certificateKey, _clientCa, _apiKeys, _metrics, _otlp, _duplicates, _remote])
            Add(option);
        SetAction((parsed, ct) =>
        {
            HashEncoderOptions encoder = _encoder.Read(parsed);
            return ServerHost.RunAsync(
                new ServerOptions
                {
                    DataDirectory = parsed.GetRequiredValue(_data),
                    Listen = parsed.GetRequiredValue(_listen),
                    ModelPath = parsed.GetValue(_model),
                    Device = encoder.Device,
                    Engine = encoder.Engine,
                    Precision = encoder.Precision,
                    Threads = parsed.GetValue(_threads),
                    CertificatePath = parsed.GetValue(_certificate),
                    CertificateKeyPath = parsed.GetValue(_certificateKey),
                    ClientCaPath = parsed.GetValue(_clientCa),
                    ApiKeysPath = parsed.GetValue(_apiKeys),
                    MetricsListen = parsed.GetValue(_metrics),
                    OtlpEndpoint = parsed.GetValue(_otlp),
                    Duplicates = parsed.GetValue(_duplicates),
                    AllowRemotePlaintext = parsed.GetValue(_remote),
                },
                ct);
        });
    }
}
