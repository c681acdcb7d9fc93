using System.CommandLine;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Bench;
using HashGrid.CommandLine.Output;
using HashGrid.Model;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid bench backup: how fast a server's store is copied, and what ingest feels of it.</summary>
internal sealed class BenchBackupCommand : ToolCommand
{
    private readonly Argument<string> _folder = new("DIR") { Description = "A folder on the disk to measure; what is written there is deleted again" };
    private readonly Option<int> _codes = new("--codes") { DefaultValueFactory = _ => 1_000_000, HelpName = "N", Description = "Codes in the store when the first copy begins, each with a name of 64 characters" };
    private readonly Option<double> _seconds = new("--seconds") { DefaultValueFactory = _ => 10, HelpName = "S", Description = "Time for each of the measurements beside ingest" };
    private readonly Option<string?> _model = new("--model") { HelpName = "FILE", Description = "Weights; default: those that came with the program" };
    private readonly JsonOption _json = new();

    public BenchBackupCommand()
        : base(
            "backup",
            "Copy the store of a server in a process of its own, then store codes alone and beside one backup after the other, in turns: many at once, and one at a time.",
            "hashgrid bench backup /var/lib/hashgrid",
            "hashgrid bench backup /var/lib/hashgrid --codes 3000000 --seconds 20 --json")
    {
        Add(_folder);
        foreach (Option option in (Option[])[_codes, _seconds, _model, _json]) Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        int codes = parsed.GetValue(_codes);
        double seconds = parsed.GetValue(_seconds);
        if (codes is < 1 or > 100_000_000) throw new UsageException($"--codes is {codes}, but 1 to 100000000 are possible");
        if (seconds is not (> 0 and <= 3600)) throw new UsageException($"--seconds is {seconds}, but more than 0 and at most 3600 are possible");
        string model = parsed.GetValue(_model) ?? ModelFiles.FindDefault() ?? throw new UsageException("no weights lie beside the program; name a file with --model FILE");
        using var scratch = new BenchFolder(parsed.GetRequiredValue(_folder));
        JsonObject report = await new BackupBench(scratch.Path, model, codes, seconds).RunAsync(ct);
        if (parsed.GetValue(_json)) Json.Print(report);
        else Facts.Print([.. report.Select(field => (field.Key.Replace('_', ' '), (object)field.Value!.ToString()))]);
        return 0;
    }
}
