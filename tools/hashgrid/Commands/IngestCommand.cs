using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using HashGrid.Client;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid ingest: images into the store, each acknowledged when it is on disk.</summary>
internal sealed class IngestCommand : ToolCommand
{
    private const string Content = "content", FileName = "name";

    private readonly Argument<string[]> _paths = new("PATHS") { Arity = ArgumentArity.OneOrMore, Description = "PNG and JPEG files, or folders of them" };
    private readonly Option<string?> _labels = new("--labels") { HelpName = "CSV", Description = "Labels by file name: columns file,labels (or NIH's Image Index,Finding Labels), several separated by |" };
    private readonly Option<string?> _stream = new("--stream") { HelpName = "NAME", Description = "Name the stream; running the same command again after a failure goes on where it stopped" };
    private readonly Option<string> _ids = new("--ids") { DefaultValueFactory = _ => Content, HelpName = "content|name", Description = "What an id is made of, as the first eight bytes of a SHA-256: the file's content, so that equal files are one item, or its name, so that each file is its own (no two may have the same name)" };
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
        _ids.AcceptOnlyFromAmong(Content, FileName);
        Add(_paths);
        foreach (Option option in (Option[])[_labels, _stream, _ids, _upsert, _server, _json])
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

        bool byName = parsed.GetRequiredValue(_ids) == FileName;
        if (byName)
            CheckNames(files);

        await using HashGridClient client = _server.Connect(parsed);
        var refused = new List<(string File, ItemFailure Failure)>();
        var duplicates = new List<(string File, ulong Of, bool Linked)>();
        int stored = 0, resumed = 0;
        long start = Stopwatch.GetTimestamp();
        await Progress.RunAsync("Storing", files.Count, async tick =>
        {
            await foreach (IngestResult result in client.IngestAsync(ReadAsync(files, labels, byName, parsed.GetValue(_upsert), ct), options, ct))
            {
                if (result.Failure is { } failure)
                    refused.Add((files[(int)result.Sequence - 1], failure));
                else
                    stored++;
                resumed += result.Resumed ? 1 : 0;
                if (result.DuplicateOf is { } holder)
                    duplicates.Add((files[(int)result.Sequence - 1], holder, result.Failure is null));
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
                ["linked"] = duplicates.Count(duplicate => duplicate.Linked),
                ["seconds"] = Math.Round(seconds, 3),
                ["refused"] = Refusals.ToJson(refused),
                ["duplicates"] = new JsonArray([.. duplicates.Select(duplicate => new JsonObject
                {
                    ["file"] = duplicate.File,
                    ["of"] = Json.Id(duplicate.Of),
                    ["linked"] = duplicate.Linked,
                })]),
            });
        }
        else
        {
            foreach ((string file, ulong of, bool linked) in duplicates)
                Console.Out.WriteLine($"{file}: the same image as id {Json.Id(of)}, {(linked ? "stored with its code" : "refused")}");
            string before = resumed > 0 ? $" ({resumed} of them before this run)" : "";
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{stored} of {files.Count} images are stored{before}, {refused.Count} refused, {seconds:F1} s"));
        }
        return Refusals.Complain(refused);
    }

    // The second one would be refused as another code for the id, or with --upsert replace the first: known before anything is sent.
    private static void CheckNames(List<string> files)
    {
        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in files)
        {
            string name = Path.GetFileName(file);
            if (!first.TryAdd(name, file) && Path.GetFullPath(first[name]) != Path.GetFullPath(file))
                throw new UsageException($"'{first[name]}' and '{file}' have the same name, so with --ids name they would get the same id; rename one, ingest them without --ids name, or leave one out");
        }
    }

    private static async IAsyncEnumerable<IngestItem> ReadAsync(
        List<string> files, LabelsFile labels, bool byName, bool upsert, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (string file in files)
        {
            byte[] bytes = await File.ReadAllBytesAsync(file, ct);
            string name = Path.GetFileName(file);
            yield return IngestItem.FromImage(ContentId.Of(byName ? Encoding.UTF8.GetBytes(name) : bytes), bytes) with
            {
                Name = name,
                Labels = labels.Of(file),
                Overwrite = upsert,
            };
        }
    }
}
