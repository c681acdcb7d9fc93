namespace HashGrid.LoadGen;

/// <summary>What to send, how fast, how long, and where.</summary>
internal sealed record LoadOptions
{
    /// <summary>What is sent and measured.</summary>
    public required Scenario Scenario { get; init; }

    /// <summary>Offered operations a second, above 0 to 1,000,000.</summary>
    public required double Rate { get; init; }

    /// <summary>Length of the measurement, 0.1 to 3,600.</summary>
    public required double Seconds { get; init; }

    /// <summary>Same load before it, not counted, 0 to 600.</summary>
    public double WarmupSeconds { get; init; }

    /// <summary>How the gaps between arrivals are drawn.</summary>
    public Arrivals Arrivals { get; init; } = Arrivals.Poisson;

    /// <summary>Share of searches in the mixed scenario, 0 to 1.</summary>
    public double SearchShare { get; init; } = 0.9;

    /// <summary>Codes stored before anything is measured.</summary>
    public int Preload { get; init; }

    /// <summary>Neighbours a search asks for, 1 to 10,000.</summary>
    public int K { get; init; } = 10;

    /// <summary>Images to send instead of codes, or null.</summary>
    public string? ImageFolder { get; init; }

    /// <summary>Side of made pictures to send instead of codes, in pixels, 16 to 4,096; 0: none.</summary>
    public int PictureSide { get; init; }

    /// <summary>How codes lie.</summary>
    public CodeKind Codes { get; init; }

    /// <summary>Ids that a soak uses in turn, 1 to 100,000,000.</summary>
    public int Ring { get; init; } = 100_000;

    /// <summary>Seconds that a search may take, 0.001 to 3,600.</summary>
    public double DeadlineSeconds { get; init; } = 30;

    /// <summary>Streams that disturb, 1 to 90: they share one connection with the searches.</summary>
    public int Disturbers { get; init; } = 8;

    /// <summary>Where the server shows its metrics, or null.</summary>
    public string? Metrics { get; init; }

    /// <summary>Ingest streams, 1 to 256.</summary>
    public int Streams { get; init; } = 4;

    /// <summary>Searches under way at most, 1 to 1,000,000.</summary>
    public int MaxOutstanding { get; init; } = 20_000;

    /// <summary>Seed of arrivals, ids and codes.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Address of the server.</summary>
    public required string Server { get; init; }

    /// <summary>Aim at another machine.</summary>
    public bool AllowRemote { get; init; }

    /// <summary>Every problem, one line each; empty when the run can start.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> problems = [];
        Range("--rate", Rate, 0.001, 1_000_000);
        Range("--seconds", Seconds, 0.1, 3600);
        Range("--warmup", WarmupSeconds, 0, 600);
        Range("--search-share", SearchShare, 0, 1);
        Range("--preload", Preload, 0, 100_000_000);
        Range("-k", K, 1, 10_000);
        Range("--streams", Streams, 1, 256);
        Range("--ring", Ring, 1, 100_000_000);
        Range("--deadline", DeadlineSeconds, 0.001, 3600);
        Range("--disturbers", Disturbers, 1, 90);
        if (PictureSide != 0)
            Range("--picture-side", PictureSide, 16, 4096);
        if (PictureSide != 0 && ImageFolder is not null)
            problems.Add("--picture-side and --images exclude each other");
        if (Metrics is not null && !Uri.TryCreate(Metrics, UriKind.Absolute, out _))
            problems.Add($"--metrics is '{Metrics}', but an address such as http://127.0.0.1:9464/metrics is needed");
        else if (Metrics is not null && !IsLocal(Metrics) && !AllowRemote)
            problems.Add($"{Metrics} is not this machine; --allow-remote aims there all the same, with its owner's consent");
        Range("--max-outstanding", MaxOutstanding, 1, 1_000_000);
        if (!IsLocal(Server) && !AllowRemote)
            problems.Add($"{Server} is not this machine; --allow-remote aims there all the same, with its owner's consent");
        return problems;

        void Range(string name, double value, double min, double max)
        {
            if (!(value >= min && value <= max))
                problems.Add(FormattableString.Invariant($"{name} is {value}, but {min} to {max} are possible"));
        }
    }

    private static bool IsLocal(string address) =>
        address.StartsWith("unix:", StringComparison.Ordinal) || (Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.IsLoopback);
}
