using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Evaluation;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;
using HashGrid.Index;
using HashGrid.Model;
using HashGrid.Model.Datasets;
using HashGrid.Model.Evaluation;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid evaluate: how well a network's codes retrieve, on pictures of the caller's choice.</summary>
internal sealed class EvaluateCommand : ToolCommand
{
    private const int PreferredBits = 48;

    private readonly Option<string?> _model = new("--model") { HelpName = "FILE", Description = "Weights (safetensors); default: the variable HASHGRID_MODEL, else the file that comes with the program" };
    private readonly Option<string> _database = new("--database") { Required = true, HelpName = "CSV", Description = "Pictures to search: columns file (absolute or from the CSV's folder), labels (separated by |), patient_id" };
    private readonly Option<string> _queries = new("--queries") { Required = true, HelpName = "CSV", Description = "Pictures to search with, of other patients; the same columns" };
    private readonly Option<int?> _bits = new("--bits") { HelpName = "N", Description = "Code width, one that the weights offer; default: 48 if they do, else their own" };
    private readonly Option<string?> _source = new("--source") { HelpName = "NAME", Description = "Keep only the rows of both CSVs whose column source is NAME" };
    private readonly Option<bool> _findingsOnly = new("--findings-only") { Description = "Leave 'No Finding' out: only findings in common make a picture relevant" };
    private readonly Option<bool> _linearGain = new("--linear-gain") { Description = "nDCG gains the number of shared labels s, in place of 2^s - 1" };
    private readonly EncoderChoice _encoder = new();
    private readonly Option<string?> _compare = new("--compare") { HelpName = "PRECISION", Description = "Encode everything in this precision, too: its scores, and how many bits differ" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object: map, ndcg100, p10, map_tie_aware, ndcg100_tie_aware, map_random, bits, queries, database, intervals and more" };

    public EvaluateCommand()
        : base(
            "evaluate",
            "Score how well codes retrieve: every query ranks the whole database, and what shares a label is relevant, 'No Finding' being one.",
            "hashgrid evaluate --database train.csv --queries held-out.csv",
            "hashgrid evaluate --database train.csv --queries held-out.csv --precision int8 --compare float32",
            "hashgrid evaluate --model best.safetensors --database labels.csv --queries hidden.csv --bits 48 --source 'NIH ChestX-ray14' --json")
    {
        foreach (Option option in (Option[])[_model, _database, _queries, _bits, _source, _findingsOnly, _linearGain, .. _encoder.Options, _compare, _json])
            Add(option);
        _compare.AcceptOnlyFromAmong([.. HashEncoderOptions.Precisions.Skip(1)]);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        long start = Stopwatch.GetTimestamp();
        string? source = parsed.GetValue(_source);
        IReadOnlyList<LabelledImage> database = ImageDatasets.ReadCsv(parsed.GetRequiredValue(_database), source);
        IReadOnlyList<LabelledImage> queries = ImageDatasets.ReadCsv(parsed.GetRequiredValue(_queries), source);
        PictureCodes.RequireFiles(database);
        PictureCodes.RequireFiles(queries);
        int overlap = queries.Select(image => image.Patient).Intersect(database.Select(image => image.Patient)).Count();
        string model = parsed.GetValue(_model) ?? ModelFiles.FindDefault()
            ?? throw new CommandException("no weights come with this program; name a file with --model FILE or the variable HASHGRID_MODEL");
        HashEncoderOptions options = _encoder.Read(parsed);
        using PictureCodes encoder = PictureCodes.Load(model, options);
        int bits = Width(encoder.Model, parsed.GetValue(_bits));
        if (overlap > 0)
            Console.Error.WriteLine($"hashgrid: {overlap} patients are in both files: scores of pictures of the same patient flatter");

        ulong[] stored = await encoder.EncodeAsync(database, bits, "Encoding the database", ct);
        ulong[] asked = await encoder.EncodeAsync(queries, bits, "Encoding the queries", ct);
        var scoring = new RetrievalOptions { FindingsOnly = parsed.GetValue(_findingsOnly), LinearGain = parsed.GetValue(_linearGain) };
        RetrievalScores scores = CodeRetrieval.Score(new CodeWidth(bits), queries, asked, database, stored, ct, scoring);
        PrecisionComparison? other = parsed.GetValue(_compare) is { } precision
            ? await PrecisionComparison.RunAsync(model, options with { Engine = "auto", Precision = precision }, bits, (queries, asked), (database, stored), scoring, ct)
            : null;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (parsed.GetValue(_json))
        {
            JsonObject report = Report(scores, scoring, encoder, bits, database, queries, overlap, seconds);
            if (other is not null) report["compared"] = other.ToJson();
            Json.Print(report);
        }
        else
        {
            Print(scores, encoder, bits, database.Count, seconds);
            if (other is not null) Facts.Print(other.ToFacts());
        }
        return 0;
    }

    private static int Width(ModelIdentity model, int? wanted)
    {
        int bits = wanted ?? (model.Widths.Contains(PreferredBits) ? PreferredBits : model.Bits);
        return model.Widths.Contains(bits) && bits >= CodeWidth.MinBits
            ? bits
            : throw new UsageException($"--bits is {bits}, but the weights '{model.Name}' give codes of {string.Join(", ", model.Widths)} bits");
    }

    private static JsonObject Report(
        RetrievalScores scores, RetrievalOptions scoring, PictureCodes encoder, int bits, IReadOnlyList<LabelledImage> database, IReadOnlyList<LabelledImage> queries, int overlap, double seconds) => new()
        {
            ["map"] = scores.Map,
            ["map_low"] = scores.MapLow,
            ["map_high"] = scores.MapHigh,
            ["ndcg100"] = scores.Ndcg100,
            ["ndcg100_low"] = scores.Ndcg100Low,
            ["ndcg100_high"] = scores.Ndcg100High,
            ["p10"] = scores.PrecisionAt10,
            ["map_tie_aware"] = scores.MapTieAware,
            ["ndcg100_tie_aware"] = scores.Ndcg100TieAware,
            ["map_random"] = scores.MapRandom,
            ["map10"] = scores.MapAt10,
            ["map100_found"] = scores.MapAt100Found,
            ["findings_only"] = scoring.FindingsOnly,
            ["linear_gain"] = scoring.LinearGain,
            ["bits"] = bits,
            ["queries"] = queries.Count,
            ["queries_left_out"] = scores.LeftOut,
            ["query_patients"] = queries.Select(image => image.Patient).Distinct().Count(),
            ["database"] = database.Count,
            ["database_patients"] = database.Select(image => image.Patient).Distinct().Count(),
            ["shared_patients"] = overlap,
            ["model"] = encoder.Model.Name,
            ["fingerprint"] = encoder.Model.Fingerprint,
            ["device"] = encoder.Device,
            ["engine"] = encoder.Engine,
            ["precision"] = encoder.Precision,
            ["seconds"] = Math.Round(seconds, 3),
        };

    private static void Print(RetrievalScores scores, PictureCodes encoder, int bits, int database, double seconds)
    {
        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        string leftOut = scores.LeftOut == 0 ? "" : $"; {scores.LeftOut} more share no label with the database and are left out";
        Facts.Print(
            ("weights", Text($"{encoder.Model.Name}, {bits} of {encoder.Model.Bits} bits, on {encoder.Device} by {encoder.Engine} in {encoder.Precision}")),
            ("database", database),
            ("queries", $"{scores.Queries}{leftOut}"),
            ("mAP", Text($"{scores.Map:F4}  (95 % of resampled patients: {scores.MapLow:F4} to {scores.MapHigh:F4}; in random order {scores.MapRandom:F4})")),
            ("mAP, expected over ties", Text($"{scores.MapTieAware:F4}")),
            ("mAP@10", Text($"{scores.MapAt10:F4}")),
            ("mAP@100 over those found", Text($"{scores.MapAt100Found:F4}  (as DeepHash-pytorch counts; not comparable with the others)")),
            ("nDCG@100", Text($"{scores.Ndcg100:F4}  ({scores.Ndcg100Low:F4} to {scores.Ndcg100High:F4})")),
            ("nDCG@100, expected over ties", Text($"{scores.Ndcg100TieAware:F4}")),
            ("P@10", Text($"{scores.PrecisionAt10:F4}")),
            ("seconds", Text($"{seconds:F1}")));
    }
}
