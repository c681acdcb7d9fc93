using System.CommandLine;
using System.Globalization;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;
using HashGrid.Index;

namespace HashGrid.CommandLine.Commands;

/// <summary>Where the commands on raw codes take their index from: a file of codes, which is built, or an index file, which is opened.</summary>
internal sealed class IndexSource
{
    private static readonly Dictionary<string, IndexStructures> StructureNames = new()
    {
        ["auto"] = IndexStructures.Auto,
        ["none"] = IndexStructures.None,
        ["multi"] = IndexStructures.MultiIndex,
        ["clusters"] = IndexStructures.Clusters,
        ["all"] = IndexStructures.All,
    };

    private readonly Option<string?> _codes = new("--codes") { HelpName = "FILE", Description = "Codes: little-endian 64-bit words, ⌈bits / 64⌉ words a code, no header; a code's id is its position" };
    private readonly Option<string?> _index = new("--index") { HelpName = "FILE", Description = "An index file that `hashgrid index build` wrote, in place of --codes" };
    private readonly Option<int?> _bits = new("--bits") { HelpName = "B", Description = "Width of a code in bits, 8 to 1024; goes with --codes" };
    private readonly Option<string?> _structures = new("--structures") { HelpName = "NAME", Description = "What to build: auto (what pays), none, multi, clusters or all" };
    private readonly Option<bool> _copies = new("--copies") { Description = "Hash tables keep copies of the codes: faster on unclustered codes, 8 bytes more a word and table" };
    private readonly Option<double> _memory = new("--memory") { HelpName = "GB", Description = "Leave out structures that do not fit this much memory; 0: no bound" };
    private readonly Option<bool> _noVerify = new("--no-verify") { Description = "Open an index file without reading it through; bounds are checked all the same" };

    private readonly bool _mayOpen;

    /// <param name="command">Gets the options.</param>
    /// <param name="mayOpen">Whether an index file will do.</param>
    public IndexSource(Command command, bool mayOpen = true)
    {
        _mayOpen = mayOpen;
        _structures.AcceptOnlyFromAmong([.. StructureNames.Keys]);
        foreach (Option option in mayOpen ? (Option[])[_codes, _index, _bits, _structures, _copies, _memory, _noVerify] : [_codes, _bits, _structures, _copies, _memory])
            command.Add(option);
    }

    /// <summary>What the codes came from, for reports.</summary>
    public string NameIn(ParseResult parsed) => Path.GetFileName(parsed.GetValue(_codes) ?? parsed.GetValue(_index)!);

    /// <summary>Builds or opens the index, with progress on stderr.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="fallback">Structures where none were asked for.</param>
    /// <param name="threads">Most threads to build with; 0: one a core.</param>
    /// <exception cref="UsageException">Neither or both sources are named, or the width is missing or impossible.</exception>
    /// <exception cref="CommandException">The file is missing, damaged, or holds no whole number of codes.</exception>
    public HammingIndex Load(ParseResult parsed, IndexStructures fallback, int threads)
    {
        string? codes = parsed.GetValue(_codes), file = _mayOpen ? parsed.GetValue(_index) : null;
        if (codes is null == file is null)
            throw new UsageException(_mayOpen ? "give either --codes FILE with --bits, or --index FILE" : "--codes FILE is missing");
        if (file is not null) return Open(file, !parsed.GetValue(_noVerify));
        if (parsed.GetValue(_bits) is not { } bits)
            throw new UsageException("--bits is missing: a file of codes does not say how wide they are");
        if (bits is < CodeWidth.MinBits or > CodeWidth.MaxBits)
            throw new UsageException($"--bits is {bits}, but {CodeWidth.MinBits} to {CodeWidth.MaxBits} are possible");
        double memory = parsed.GetValue(_memory);
        if (memory is < 0 or > 1e9)
            throw new UsageException($"--memory is {memory.ToString(CultureInfo.InvariantCulture)} GB, but 0 (no bound) to 1e9 are possible");
        var options = new HammingIndexOptions
        {
            Structures = parsed.GetValue(_structures) is { } name ? StructureNames[name] : fallback,
            CopyCodes = parsed.GetValue(_copies),
            MemoryBudget = (long)(memory * 1e9),
            BuildThreads = threads,
        };
        var width = new CodeWidth(bits);
        using FileStream stream = CodeFile.Open(codes!, width);
        try
        {
            return HammingIndex.Build(width, stream, null, options, new BuildLines());
        }
        catch (ArgumentException failure) when (failure.ParamName?.StartsWith("codes", StringComparison.Ordinal) == true)
        {
            throw new CommandException($"{codes}: {failure.Message.Split(" (Parameter")[0]}; or --bits is wrong");
        }
    }

    private static HammingIndex Open(string path, bool verify)
    {
        if (!File.Exists(path)) throw new CommandException($"the index file {path} does not exist");
        try
        {
            return HammingIndex.Open(path, new HammingIndexOptions { VerifyOnOpen = verify });
        }
        catch (IndexFormatException failure)
        {
            throw new CommandException($"{path}: {failure.Message}");
        }
    }
}
