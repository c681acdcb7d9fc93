using System.CommandLine;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Bench;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;
using HashGrid.Model;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid bench duplicates: what a server that links duplicates saves on an image that it holds.</summary>
internal sealed class BenchDuplicatesCommand : ToolCommand
{
    private const int MostImages = 256;

    private readonly Argument<string[]> _images = new("PATHS") { Arity = ArgumentArity.OneOrMore, Description = "PNG and JPEG files, or folders of them, no two alike" };
    private readonly Option<string?> _model = new("--model") { HelpName = "FILE", Description = "Weights; default: those that came with the program" };
    private readonly Option<double> _seconds = new("--seconds") { DefaultValueFactory = _ => 10, HelpName = "S", Description = "Time for each of the two measurements" };
    private readonly JsonOption _json = new();

    public BenchDuplicatesCommand()
        : base(
            "duplicates",
            "Store images through a server with --duplicates link: files that it does not know, and files that it holds under another id, in turns.",
            "hashgrid bench duplicates samples/images",
            "hashgrid bench duplicates samples/images --seconds 30 --json")
    {
        Add(_images);
        foreach (Option option in (Option[])[_model, _seconds, _json]) Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        string model = parsed.GetValue(_model) ?? ModelFiles.FindDefault() ?? throw new UsageException("no weights lie beside the program; name a file with --model FILE");
        byte[][] files = [.. ImagePaths.Expand(parsed.GetRequiredValue(_images)).Take(MostImages).Select(File.ReadAllBytes)];
        JsonObject report = await new DuplicateBench(model, files, parsed.GetValue(_seconds)).RunAsync(ct);
        if (parsed.GetValue(_json)) Json.Print(report);
        else Facts.Print([.. report.Select(field => (field.Key.Replace('_', ' '), (object)field.Value!.ToString()))]);
        return 0;
    }
}
