using System.CommandLine;
using HashGrid.Client;
using HashGrid.LoadGen.Crash;
using HashGrid.LoadGen.Drain;

namespace HashGrid.LoadGen;

/// <summary>The command line of loadgen: options in, one report out.</summary>
internal sealed class LoadGenCommand : RootCommand
{
    private readonly Option<string> _scenario = new("--scenario") { DefaultValueFactory = _ => "search", HelpName = "NAME", Description = "Steady: search, ingest, mixed. In bursts: burst. For long: soak. Searches and empty calls in turns, --rate pairs a second at most: empty-call. Ingest at its peak and a fifth above it, in turns: overload. Searches alone and disturbed, in turns: slow-reader, stalled-uploads, cancel-storm, deadline-mix. SIGTERM to a server of its own: drain" };
    private readonly Option<double> _rate = new("--rate") { DefaultValueFactory = _ => 100, HelpName = "N", Description = "Offered operations a second" };
    private readonly Option<double> _seconds = new("--seconds") { DefaultValueFactory = _ => 10, HelpName = "S", Description = "Length of the measurement" };
    private readonly Option<double> _warmup = new("--warmup") { DefaultValueFactory = _ => 2, HelpName = "S", Description = "Seconds of the same load before the measurement" };
    private readonly Option<string> _arrivals = new("--arrivals") { DefaultValueFactory = _ => "poisson", HelpName = "NAME", Description = "poisson (as of many independent callers), constant, or burst (half of all in a tenth of the time)" };
    private readonly Option<double> _share = new("--search-share") { DefaultValueFactory = _ => 0.9, HelpName = "X", Description = "Share of searches in mixed, 0 to 1" };
    private readonly Option<int> _preload = new("--preload") { DefaultValueFactory = _ => 0, HelpName = "N", Description = "Codes to store before anything is measured" };
    private readonly Option<int> _k = new("-k", "--k") { DefaultValueFactory = _ => 10, HelpName = "K", Description = "Neighbours a search asks for" };
    private readonly Option<string?> _images = new("--images") { HelpName = "DIR", Description = "Send the PNG and JPEG files of this folder, in turn, instead of codes (soak: beside codes)" };
    private readonly Option<int> _side = new("--picture-side") { HelpName = "PIXELS", Description = "Send made grey pictures of this size instead of codes (soak: beside codes)" };
    private readonly Option<string> _codes = new("--codes") { DefaultValueFactory = _ => "uniform", HelpName = "NAME", Description = "uniform (every bit at random) or clustered (around 2000 centres, as learned codes are)" };
    private readonly Option<int> _ring = new("--ring") { DefaultValueFactory = _ => 100_000, HelpName = "N", Description = "Ids that a soak uses in turn, each item replacing the last one under its id" };
    private readonly Option<double> _deadline = new("--deadline") { DefaultValueFactory = _ => 30, HelpName = "S", Description = "Seconds that a search may take; later is an error" };
    private readonly Option<int> _disturbers = new("--disturbers") { DefaultValueFactory = _ => 8, HelpName = "N", Description = "Calls that disturb, in the scenarios that have some" };
    private readonly Option<string?> _metrics = new("--metrics") { HelpName = "URL", Description = "The server's metrics page, such as http://127.0.0.1:9464/metrics: report its memory, and what its queue still holds" };
    private readonly Option<string?> _plot = new("--plot") { HelpName = "FILE", Description = "Write the latencies by percentile and the rates by second as a PNG" };
    private readonly Option<int> _streams = new("--streams") { DefaultValueFactory = _ => 4, HelpName = "N", Description = "Ingest streams that share the arrivals" };
    private readonly Option<int> _outstanding = new("--max-outstanding") { DefaultValueFactory = _ => 20_000, HelpName = "N", Description = "Searches under way at most; what comes above is counted as an error, not delayed" };
    private readonly Option<int> _seed = new("--seed") { DefaultValueFactory = _ => 1, HelpName = "N", Description = "Seed of arrivals, ids and codes" };
    private readonly Option<string> _server = new("--server") { DefaultValueFactory = _ => Environment.GetEnvironmentVariable("HASHGRID_SERVER") ?? "http://127.0.0.1:5080", HelpName = "ADDRESS", Description = "http://host:port or unix:/path" };
    private readonly Option<bool> _remote = new("--allow-remote") { Description = "Aim at another machine than this one" };
    private readonly Option<int> _crashLoop = new("--crash-loop") { HelpName = "N", Description = "Instead of load: start a server, kill -9 it in mid-ingest N times, and compare what it holds with what it acknowledged" };
    private readonly Option<string?> _hashgrid = new("--hashgrid") { HelpName = "FILE", Description = "Program that --crash-loop and drain start; default: the hashgrid that was built beside this tool" };
    private readonly Option<string?> _data = new("--data") { HelpName = "DIR", Description = "Folder of the store that --crash-loop and drain make; default: a temporary one, kept if it finds a violation" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object" };

    public LoadGenCommand()
        : base("Send operations to a HashGrid server on a schedule, whatever comes back, and report rates, latencies and errors.\n\n"
            + "Latency counts from the intended send time, so that a server that stalls cannot hide the wait of those behind it.")
    {
        foreach (Option option in (Option[])[_scenario, _rate, _seconds, _warmup, _arrivals, _share, _preload, _k, _images, _side, _codes, _ring, _deadline, _disturbers, _metrics, _plot, _streams, _outstanding, _seed, _server, _remote, _crashLoop, _hashgrid, _data, _json])
            Add(option);
        _scenario.AcceptOnlyFromAmong(Names<Scenario>());
        _codes.AcceptOnlyFromAmong(Names<CodeKind>());
        _arrivals.AcceptOnlyFromAmong(Names<Arrivals>());
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        if (parsed.GetResult(_crashLoop) is not null)
            return await CrashAsync(parsed, ct);
        var options = new LoadOptions
        {
            Scenario = Value<Scenario>(parsed.GetRequiredValue(_scenario)),
            Rate = parsed.GetValue(_rate),
            Seconds = parsed.GetValue(_seconds),
            WarmupSeconds = parsed.GetValue(_warmup),
            Arrivals = Value<Arrivals>(parsed.GetRequiredValue(_arrivals)),
            SearchShare = parsed.GetValue(_share),
            Preload = parsed.GetValue(_preload),
            K = parsed.GetValue(_k),
            ImageFolder = parsed.GetValue(_images),
            PictureSide = parsed.GetValue(_side),
            Codes = Value<CodeKind>(parsed.GetRequiredValue(_codes)),
            Ring = parsed.GetValue(_ring),
            DeadlineSeconds = parsed.GetValue(_deadline),
            Disturbers = parsed.GetValue(_disturbers),
            Metrics = parsed.GetValue(_metrics),
            Streams = parsed.GetValue(_streams),
            MaxOutstanding = parsed.GetValue(_outstanding),
            Seed = parsed.GetValue(_seed),
            Server = parsed.GetRequiredValue(_server),
            AllowRemote = parsed.GetValue(_remote),
        };
        IReadOnlyList<string> problems = options.Validate();
        if (problems.Count > 0)
            return Complain(2, problems[0]);
        if (options.Scenario == Scenario.Drain)
            return await OwnServerAsync(parsed, async (program, data) =>
            {
                DrainReport report = await new DrainRun(program, data, options).RunAsync(ct);
                Console.Out.WriteLine(parsed.GetValue(_json) ? report.ToJson() : report.ToText());
                return report.Violations.Count;
            }, ct);
        try
        {
            await using var client = new HashGridClient(options.Server, new HashGridClientOptions { StreamWindow = 4096, CallTimeout = TimeSpan.FromSeconds(options.DeadlineSeconds) });
            LoadReport report = await new LoadRun(options, client).RunAsync(ct);
            Console.Out.WriteLine(parsed.GetValue(_json) ? report.ToJson() : report.ToText());
            if (parsed.GetValue(_plot) is { } plot)
                LoadChart.Write(plot, report);
            return 0;
        }
        catch (Exception failure) when (failure is HashGridException or HttpRequestException or IOException or ArgumentException)
        {
            return Complain(1, failure.Message.ReplaceLineEndings(" "));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return Complain(130, "interrupted before anything was measured");
        }
    }

    private async Task<int> CrashAsync(ParseResult parsed, CancellationToken ct)
    {
        int rounds = parsed.GetValue(_crashLoop), streams = parsed.GetValue(_streams);
        if (rounds is < 1 or > 1_000_000)
            return Complain(2, $"--crash-loop is {rounds}, but 1 to 1000000 rounds are possible");
        if (streams is < 1 or > 256)
            return Complain(2, $"--streams is {streams}, but 1 to 256 are possible");
        return await OwnServerAsync(parsed, async (program, data) =>
        {
            CrashReport report = await new CrashLoop(program, data, rounds, streams, parsed.GetValue(_seed)).RunAsync(Console.Error.WriteLine, ct);
            Console.Out.WriteLine(parsed.GetValue(_json) ? report.ToJson() : report.ToText());
            return report.Violations.Count;
        }, ct);
    }

    /// <summary>Runs what starts servers of its own.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="run">Program and folder in, number of violations out.</param>
    /// <param name="ct">Ctrl-C.</param>
    private async Task<int> OwnServerAsync(ParseResult parsed, Func<string, string, Task<int>> run, CancellationToken ct)
    {
        string program = parsed.GetValue(_hashgrid) ?? Beside();
        if (!File.Exists(program))
            return Complain(1, $"{program} does not exist; build tools/hashgrid first, or name the program with --hashgrid");
        string data = parsed.GetValue(_data) is { } given ? Directory.CreateDirectory(given).FullName : Directory.CreateTempSubdirectory("hashgrid-load-").FullName;
        try
        {
            if (await run(program, data) > 0)
                return Complain(1, $"the server broke its word; its folder {data} was kept");
            if (parsed.GetValue(_data) is null)
                Directory.Delete(data, recursive: true);
            return 0;
        }
        catch (Exception failure) when (failure is HashGridException or Grpc.Core.RpcException or IOException or InvalidOperationException or TimeoutException)
        {
            return Complain(1, $"{failure.Message.ReplaceLineEndings(" ")}; the folder {data} was kept");
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return Complain(130, $"interrupted; the folder {data} was kept");
        }
    }

    private static string[] Names<T>()
        where T : struct, Enum => [.. Enum.GetValues<T>().Select(LoadReport.Name)];

    private static T Value<T>(string name)
        where T : struct, Enum => Enum.GetValues<T>().First(value => LoadReport.Name(value) == name);

    // artifacts/bin/loadgen/debug/ → artifacts/bin/hashgrid/debug/hashgrid.dll
    private static string Beside()
    {
        string own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        return Path.GetFullPath(Path.Combine(own, "..", "..", "hashgrid", Path.GetFileName(own), "hashgrid.dll"));
    }

    private static int Complain(int code, string line)
    {
        Console.Error.WriteLine("loadgen: " + line);
        return code;
    }
}
