namespace HashGrid.LoadGen;

/// <summary>What to send, how fast, how long, and where.</summary>
internal sealed record LoadOptions
{
    /// <summary>search, ingest or mixed.</summary>
    public required string Scenario { get; init; }

    /// <summary>Offered operations a second, above 0 to 1,000,000.</summary>
    public required double Rate { get; init; }

    /// <summary>Length of the measurement, 0.1 to 3,600.</summary>
    public required double Seconds { get; init; }

    /// <summary>Same load before it, not counted, 0 to 600.</summary>
    public double WarmupSeconds { get; init; }

    /// <summary>Exponential gaps between arrivals instead of equal ones.</summary>
    public bool Poisson { get; init; } = true;

    /// <summary>Share of searches in the mixed scenario, 0 to 1.</summary>
    public double SearchShare { get; init; } = 0.9;

    /// <summary>Codes stored before anything is measured.</summary>
    public int Preload { get; init; }

    /// <summary>Neighbours a search asks for, 1 to 10,000.</summary>
    public int K { get; init; } = 10;

    /// <summary>Images to send instead of codes, or null.</summary>
    public string? ImageFolder { get; init; }

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
