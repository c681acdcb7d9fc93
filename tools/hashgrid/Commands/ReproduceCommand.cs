using System.CommandLine;
using System.Globalization;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Reproduction;
using HashGrid.CommandLine.Reproduction.Reports;
using HashGrid.CommandLine.Training;
using HashGrid.Model.Attention;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid reproduce: the paper's tables and figures on a data set of the user's own.</summary>
internal sealed class ReproduceCommand : ToolCommand
{
    private readonly Option<string> _data = new("--data") { Required = true, HelpName = "DIR", Description = "Folder of the pictures and their lists" };
    private readonly Option<string> _format = new("--format") { Required = true, HelpName = "NAME", Description = "folder (labels.csv with file, labels, patient_id), nih (ChestX-ray14 as published) or chexpert (as published)" };
    private readonly Option<string?> _source = new("--source") { HelpName = "NAME", Description = "With --format folder: keep only the rows whose column source is NAME" };
    private readonly Option<string?> _bits = new("--bits") { HelpName = "LIST", Description = "Code widths; the tables are at 48 if it is among them, else at the largest; default: 16,32,48,64" };
    private readonly Option<int?> _splits = new("--splits") { HelpName = "N", Description = "Splits by patient, 70 % to train and search, 30 % to ask; default: 3" };
    private readonly Option<string?> _epochs = new("--epochs") { HelpName = "LIST", Description = "Passes of everything that learns by epochs (N), or by system (dsh=30,drh=30,ath=50,paper=50,ours=3, which are the defaults)" };
    private readonly Option<string?> _sizes = new("--sizes") { HelpName = "LIST", Description = "Side of the input in pixels of those with a network of their own; default: dsh=64,ath=256, their authors'" };
    private readonly Option<string?> _boxes = new("--boxes") { HelpName = "CSV", Description = "Boxes around findings, as ChestX-ray14's BBox_List_2017.csv has them, to judge heat maps by; default: that file in --data, if it is there" };
    private readonly Option<bool> _reportOnly = new("--report-only") { Description = "Train nothing: write the report of what is finished, while the run goes on or after it was stopped" };
    private readonly Option<bool> _smoke = new("--smoke") { Description = "48 pictures, two epochs, two splits, two widths: shows in minutes that all of it works" };
    private readonly Option<string> _out = new("--out") { Required = true, HelpName = "DIR", Description = "Folder of the report: report.html, report.md, pictures, and the cells, which are not measured again" };

    public ReproduceCommand()
        : base(
            "reproduce",
            "Train and score every system of the paper under one protocol, and write its tables and figures with what the paper reports beside them. Ctrl-C stops; the same command goes on.",
            "hashgrid reproduce --data chestxray14 --format nih --out paper",
            "hashgrid reproduce --data xrays --format folder --bits 32,48 --epochs ath=10,paper=20 --splits 3 --out paper",
            "hashgrid reproduce --data samples --format folder --smoke --out smoke")
    {
        foreach (Option option in (Option[])[_data, _format, _source, _bits, _splits, _epochs, _sizes, _boxes, _reportOnly, _smoke, _out])
            Add(option);
        _format.AcceptOnlyFromAmong("folder", "nih", "chexpert");
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        string folder = parsed.GetRequiredValue(_out);
        ReproSettings settings = Settings(parsed);
        string? boxes = parsed.GetValue(_boxes) ?? (File.Exists(Path.Combine(settings.Data, "BBox_List_2017.csv")) ? Path.Combine(settings.Data, "BBox_List_2017.csv") : null);
        if (boxes is not null && !File.Exists(boxes))
            throw new CommandException($"the boxes {boxes} do not exist");
        bool reportOnly = parsed.GetValue(_reportOnly);
        string command = "hashgrid " + string.Join(' ', parsed.Tokens.Where(token => token.Value != _reportOnly.Name).Select(token => token.Value.Contains(' ', StringComparison.Ordinal) ? $"'{token.Value}'" : token.Value));
        // Tensors belong to the thread that made them.
        await Task.Factory.StartNew(
            () =>
            {
                using var bench = new Workbench(settings, folder, Console.Error.WriteLine);
                settings = settings with { Content = DataPrint.Of(bench.Images, settings.Data) };
                settings.Claim(folder);
                var run = new ReproRun(settings, folder, Console.Error.WriteLine);
                var data = new ReportData(settings, reportOnly ? run.Finished() : run.Run(bench, ct));
                Console.Error.WriteLine("timing, drawing and writing the report");
                IReadOnlyList<FindingBox> found = boxes is null ? [] : FindingBox.Read(boxes);
                new ReportBuilder(data, folder, bench, SystemCost.All(data, FeatureTimes.Of(settings, folder, bench), SearchTimes.Of(settings, folder)), found, command).WriteAsync(ct).GetAwaiter().GetResult();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        Console.Out.WriteLine($"{Path.Combine(folder, "report.html")} and report.md are written");
        return 0;
    }

    private ReproSettings Settings(ParseResult parsed)
    {
        bool smoke = parsed.GetValue(_smoke);
        string data = parsed.GetRequiredValue(_data);
        if (!Directory.Exists(data))
            throw new CommandException($"the data folder {data} does not exist");
        int splits = parsed.GetValue(_splits) ?? (smoke ? 2 : 3);
        if (splits is < 1 or > 100)
            throw new UsageException($"--splits is {splits}, expected 1 to 100");
        string? bits = parsed.GetValue(_bits);
        return new ReproSettings
        {
            Data = Path.GetFullPath(data),
            Format = Enum.Parse<DataFormat>(parsed.GetRequiredValue(_format), ignoreCase: true),
            Source = parsed.GetValue(_source),
            Bits = bits is null ? smoke ? [8, 16] : [16, 32, 48, 64] : [.. NumberList.Parse(bits, "--bits", 8, 1024).Distinct().Order()],
            Splits = splits,
            Epochs = ByName(parsed.GetValue(_epochs), "--epochs", ["dsh", "drh", "ath", ReproSystem.PaperLoss, ReproSystem.Ours], 1, 100_000),
            Sizes = ByName(parsed.GetValue(_sizes), "--sizes", ["dsh", "ath"], 32, 1024),
            Smoke = smoke,
        };
    }

    private static SortedDictionary<string, int> ByName(string? text, string option, string[] names, int least, int most)
    {
        var values = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (string part in text?.Split(',', StringSplitOptions.TrimEntries) ?? [])
        {
            string[] sides = part.Split('=');
            if (sides.Length > 2 || !int.TryParse(sides[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value < least || value > most || (sides.Length == 2 && !names.Contains(sides[0])))
                throw new UsageException($"{option} has '{part}', but {least} to {most} is possible, or NAME=number, NAME one of {string.Join(", ", names)}");
            foreach (string name in sides.Length == 2 ? sides[..1] : names)
                values[name] = value;
        }
        return values;
    }
}
