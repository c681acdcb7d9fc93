using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Output;
using HashGrid.Index;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid index build: an index file from raw codes.</summary>
internal sealed class IndexBuildCommand : ToolCommand
{
    private readonly IndexSource _source;
    private readonly Option<string> _out = new("--out") { Required = true, HelpName = "FILE", Description = "The index file; replaced, all or nothing, if it exists" };
    private readonly Option<int> _threads = new("--threads") { HelpName = "N", Description = "Threads to build with; 0: one a core" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object: codes, bits, bytes_per_code, build_seconds, save_seconds, peak_memory_bytes" };

    public IndexBuildCommand()
        : base("build", "Build an index file of raw codes, to be opened by memory map.", "hashgrid index build --codes base.bin --bits 64 --out base.hgx")
    {
        _source = new IndexSource(this, mayOpen: false);
        Add(_out);
        Add(_threads);
        Add(_json);
        SetAction((parsed, _) => Task.Run(() => Run(parsed), CancellationToken.None));
    }

    private int Run(ParseResult parsed)
    {
        int threads = parsed.GetValue(_threads);
        if (threads is < 0 or > 256) throw new UsageException($"--threads is {threads}, but 0 (one a core) to 256 are possible");
        long begin = Stopwatch.GetTimestamp();
        using HammingIndex index = _source.Load(parsed, IndexStructures.Auto, threads);
        double build = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        begin = Stopwatch.GetTimestamp();
        index.Save(parsed.GetRequiredValue(_out));
        double save = Stopwatch.GetElapsedTime(begin).TotalSeconds, bytes = (double)index.MemoryBytes / index.Count;
        long peak = Process.GetCurrentProcess().PeakWorkingSet64;
        if (parsed.GetValue(_json))
        {
            Json.Print(new JsonObject
            {
                ["codes"] = index.Count,
                ["bits"] = index.Width.Bits,
                ["bytes_per_code"] = Math.Round(bytes, 3),
                ["build_seconds"] = Math.Round(build, 3),
                ["save_seconds"] = Math.Round(save, 3),
                ["peak_memory_bytes"] = peak,
            });
            return 0;
        }
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{index.Count} codes of {index.Width.Bits} bits, {bytes:F2} bytes a code: built in {build:F2} s, written in {save:F2} s, at most {peak / 1e9:F2} GB of memory"));
        return 0;
    }
}
