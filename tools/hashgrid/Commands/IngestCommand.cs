using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using HashGrid.Client;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid ingest: images into the store, each acknowledged when it is on disk.</summary>
internal sealed class IngestCommand : ToolCommand
{
    private readonly Argument<string[]> _paths = new("PATHS") { Arity = ArgumentArity.OneOrMore, Description = "PNG and JPEG files, or folders of them. An id is the first eight bytes of the file's SHA-256" };
    private readonly Option<string?> _labels = new("--labels") { HelpName = "CSV", Description = "Labels by file name: columns file,labels (or NIH's Image Index,Finding Labels), several separated by |" };
    private readonly Option<string?> _stream = new("--stream") { HelpName = "NAME", Description = "Name the stream; running the same command again after a failure goes on where it stopped" };
    private readonly Option<bool> _upsert = new("--upsert") { Description = "Replace what is stored under an id; otherwise another code for it is refused" };
    private readonly ServerOption _server = new();
    private readonly JsonOption _json = new();

    public IngestCommand()
        : base(
            "ingest",
            "Store images; returns when every one is on disk or refused. Ingesting the same files again changes nothing.",
            "hashgrid ingest samples --labels samples/labels.csv",
            "hashgrid ingest /data/xrays --labels Data_Entry_2017.csv --stream import-1")
    {
        Add(_paths);
        foreach (Option option in (Option[])[_labels, _stream, _upsert, _server, _json])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        List<string> files = ImagePaths.Expand(parsed.GetRequiredValue(_paths));
        LabelsFile labels = parsed.GetValue(_labels) is { } csv ? LabelsFile.Read(csv) : LabelsFile.Empty;
        var options = new IngestOptions { StreamId = parsed.GetValue(_stream), FirstSequence = 1 };
        if (options.Validate() is [var problem, ..])
            throw new UsageException(problem);

        await using HashGridClient client = _server.Connect(parsed);
        var refused = new List<(string File, ItemFailure Failure)>();
        int stored = 0, resumed = 0, linked = 0;
        long start = Stopwatch.GetTimestamp();
        await Progress.RunAsync("Storing", files.Count, async tick =>
        {
            await foreach (IngestResult result in client.IngestAsync(ReadAsync(files, labels, parsed.GetValue(_upsert), ct), options, ct))
            {
                if (result.Failure is { } failure)
                    refused.Add((files[(int)result.Sequence - 1], failure));
                else
                    stored++;
                resumed += result.Resumed ? 1 : 0;
                linked += result is { Failure: null, DuplicateOf: not null } ? 1 : 0;
                tick();
            }
        });
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

        if (parsed.GetValue(_json))
        {
            Json.Print(new JsonObject
            {
                ["images"] = files.Count,
                ["stored"] = stored,
                ["resumed"] = resumed,
                ["linked"] = linked,
                ["seconds"] = Math.Round(seconds, 3),
                ["refused"] = Refusals.ToJson(refused),
            });
        }
        else
        {
            string before = (resumed > 0 ? $" ({resumed} of them before this run)" : "") + (linked > 0 ? $" ({linked} linked to the same image under another id)" : "");
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{stored} of {files.Count} images are stored{before}, {refused.Count} refused, {seconds:F1} s"));
        }
        return Refusals.Complain(refused);
    }

    private static async IAsyncEnumerable<IngestItem> ReadAsync(
        List<string> files, LabelsFile labels, bool upsert, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (string file in files)
        {
            byte[] bytes = await File.ReadAllBytesAsync(file, ct);
            yield return IngestItem.FromImage(ContentId.Of(bytes), bytes) with
            {
                Name = Path.GetFileName(file),
                Labels = labels.Of(file),
                Overwrite = upsert,
            };
        }
    }
}
