using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Output;
using HashGrid.CommandLine.Training;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Rivals;
using HashGrid.Model.Runtime;
using HashGrid.Model.Training;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid train: the network on a data set of the user's own.</summary>
internal sealed class TrainCommand : ToolCommand
{
    private readonly Option<string?> _data = new("--data") { HelpName = "DIR", Description = "Folder of the pictures and their lists" };
    private readonly Option<string?> _format = new("--format") { HelpName = "NAME", Description = "folder (labels.csv with file, labels, patient_id), nih (ChestX-ray14 as published) or chexpert (as published)" };
    private readonly Option<string> _preset = new("--preset") { DefaultValueFactory = _ => TrainingPreset.All[0].Name, HelpName = "NAME", Description = "paper (ResNet-50 from a random start, the paper's recipe) or warm-start (small pretrained trunk)" };
    private readonly Option<string?> _options = new("--options") { HelpName = "FILE", Description = "JSON that changes the preset, e.g. {\"network\": {\"bits\": 48}, \"training\": {\"epochs\": 10}}; run.json of any run shows every name" };
    private readonly Option<string?> _method = new("--method") { HelpName = "NAME", Description = "Train one of the methods that the paper compares itself with: ssh, itq, dh, dsh, drh or ath; default: the paper's network" };
    private readonly Option<int?> _bits = new("--bits") { HelpName = "N", Description = "Code width, 8 to 1024; default: the preset's, 64" };
    private readonly Option<int?> _epochs = new("--epochs") { HelpName = "N", Description = "Passes over the pictures; default: the preset's or the method's own" };
    private readonly Option<int?> _seed = new("--seed") { HelpName = "N", Description = "Seed of initial weights, order and augmentation" };
    private readonly Option<bool> _smoke = new("--smoke") { Description = "Two short epochs on a few pictures: shows in a minute that everything works" };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on where the run in --out stopped" };
    private readonly Option<string> _device = new("--device") { DefaultValueFactory = _ => "auto", HelpName = "NAME", Description = "auto (a GPU if there is one), cpu or cuda" };
    private readonly Option<string> _out = new("--out") { Required = true, HelpName = "DIR", Description = "Folder of the run: best.safetensors, last.safetensors, checkpoint, loss.csv, loss.png, train.csv, held-out.csv, run.json" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object at the end: best, best_epoch, map, ndcg100, epochs, seconds" };

    public TrainCommand()
        : base(
            "train",
            "Train the network. Ctrl-C saves, --resume goes on with the same result as if it had never stopped.",
            "hashgrid train --data chestxray14 --format nih --preset warm-start --bits 48 --out run1",
            "hashgrid train --data chestxray14 --format nih --options my.json --out run2",
            "hashgrid train --resume --out run2",
            "hashgrid train --data chestxray14 --format nih --method itq --bits 48 --out itq")
    {
        foreach (Option option in (Option[])[_data, _format, _preset, _options, _method, _bits, _epochs, _seed, _smoke, _resume, _device, _out, _json])
            Add(option);
        _format.AcceptOnlyFromAmong("folder", "nih", "chexpert");
        _preset.AcceptOnlyFromAmong([.. TrainingPreset.All.Select(preset => preset.Name)]);
        _method.AcceptOnlyFromAmong([.. Enum.GetNames<RivalMethod>().Select(name => name.ToLowerInvariant())]);
        _device.AcceptOnlyFromAmong("auto", "cpu", "cuda");
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        long start = Stopwatch.GetTimestamp();
        string folder = parsed.GetRequiredValue(_out);
        RefuseNumbers(parsed);
        if (parsed.GetValue(_method) is { } method)
            return await RunRivalAsync(parsed, Enum.Parse<RivalMethod>(method, ignoreCase: true), folder, start, ct);
        RunFile run = Prepare(parsed, folder);
        Refuse(run.Settings.Validate());
        TrainingData data = TrainingData.Load(run, Console.Error.WriteLine);
        Refuse(run.Settings.Training.Validate(run.Settings.NetworkFor(data.Labels), data.Train.Count));
        string device = Device(parsed.GetRequiredValue(_device));
        Directory.CreateDirectory(folder);
        run.Write(folder);
        var session = new TrainingSession(run, data, folder, device, Console.Error.WriteLine);
        // Tensors belong to the thread that made them.
        try
        {
            await Task.Factory.StartNew(() => session.Run(ct), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            Console.Error.WriteLine($"stopped; go on with: hashgrid train --resume --out {folder}");
            throw;
        }
        Report(session, run, folder, Stopwatch.GetElapsedTime(start), parsed.GetValue(_json));
        return 0;
    }

    private void RefuseNumbers(ParseResult parsed)
    {
        if (parsed.GetValue(_bits) is < 8 or > 1024)
            throw new UsageException($"--bits is {parsed.GetValue(_bits)}, expected 8 to 1024");
        if (parsed.GetValue(_epochs) is < 1)
            throw new UsageException($"--epochs is {parsed.GetValue(_epochs)}, expected 1 or more");
    }

    /// <summary>Those of some options that the command line names.</summary>
    private static string Given(ParseResult parsed, params Option[] options) =>
        string.Join(", ", options.Where(option => parsed.GetResult(option) is { Implicit: false }).Select(option => option.Name));

    private static void Refuse(IReadOnlyList<string> problems)
    {
        if (problems.Count > 0)
            throw new CommandException(string.Join("; ", problems));
    }

    private async Task<int> RunRivalAsync(ParseResult parsed, RivalMethod method, string folder, long start, CancellationToken ct)
    {
        if (parsed.GetValue(_resume) || parsed.GetValue(_options) is not null)
            throw new UsageException("--method takes neither --resume nor --options: these methods train in minutes, with their authors' settings");
        if (Given(parsed, _preset) is { Length: > 0 })
            throw new UsageException("--method takes no --preset: a preset is a recipe of the paper's network");
        if (parsed.GetValue(_device) == "cuda")
            throw new UsageException("--method trains on the CPU, and --device is cuda; leave it out");
        if (parsed.GetValue(_epochs) is not null && method is RivalMethod.Ssh or RivalMethod.Itq or RivalMethod.Dh)
            throw new UsageException($"--method {method.ToString().ToLowerInvariant()} makes no passes over the pictures, so --epochs has no meaning; dsh, drh and ath take it");
        if (File.Exists(Path.Combine(folder, "best.safetensors")))
            throw new CommandException($"{folder} holds a run already; name another folder");
        string data = parsed.GetValue(_data) ?? throw new UsageException("--data DIR is needed"), format = parsed.GetValue(_format) ?? throw new UsageException("--format NAME is needed");
        TrainSettings settings = TrainSettings.Of(TrainingPreset.WarmStart);
        int seed = parsed.GetValue(_seed) ?? settings.InitialSeed;
        var run = new RunFile
        {
            Data = Path.GetFullPath(data),
            Format = Enum.Parse<DataFormat>(format, ignoreCase: true),
            Smoke = parsed.GetValue(_smoke),
            Settings = settings with { InitialSeed = seed, Training = settings.Training with { Seed = seed } },
        };
        var rival = new RivalRun(run, method, parsed.GetValue(_bits) ?? settings.Network.Bits, parsed.GetValue(_epochs), folder, Console.Error.WriteLine);
        RetrievalScores scores = await Task.Factory.StartNew(() => rival.Run(ct), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (parsed.GetValue(_json))
            Json.Print(new JsonObject { ["best"] = rival.ModelPath, ["map"] = scores.Map, ["ndcg100"] = scores.Ndcg100, ["map_random"] = scores.MapRandom, ["seconds"] = seconds });
        else
            Console.Out.WriteLine(FormattableString.Invariant($"{rival.ModelPath}: held-out mAP {scores.Map:F4}, nDCG@100 {scores.Ndcg100:F4}, random order {scores.MapRandom:F4}; {seconds:F0} s"));
        return 0;
    }

    private RunFile Prepare(ParseResult parsed, string folder)
    {
        string? data = parsed.GetValue(_data), format = parsed.GetValue(_format);
        bool resume = parsed.GetValue(_resume), exists = File.Exists(Path.Combine(folder, RunFile.FileName));
        if (exists && !resume)
            throw new CommandException($"{folder} holds a run already; add --resume to go on with it, or name another folder");
        if (data is null || format is null)
            return resume ? Stored(parsed, folder) : throw new UsageException("--data DIR and --format NAME are needed, or --resume");
        TrainSettings settings = TrainSettings.Of(TrainingPreset.All.Single(preset => preset.Name == parsed.GetRequiredValue(_preset)));
        if (parsed.GetValue(_smoke))
            settings = settings.Smoke();
        if (parsed.GetValue(_options) is { } options)
            settings = RunFile.Apply(settings, options);
        if (parsed.GetValue(_bits) is { } bits)
            settings = settings with { Network = settings.Network with { Bits = bits } };
        if (parsed.GetValue(_epochs) is { } epochs)
            settings = settings with { Training = settings.Training with { Epochs = epochs } };
        if (parsed.GetValue(_seed) is { } seed)
            settings = settings with { InitialSeed = seed, Training = settings.Training with { Seed = seed } };
        var run = new RunFile
        {
            Data = Path.GetFullPath(data),
            Format = Enum.Parse<DataFormat>(format, ignoreCase: true),
            Smoke = parsed.GetValue(_smoke),
            Settings = settings,
        };
        if (!exists)
            return run;
        RunFile stored = RunFile.Read(folder);
        return stored.Equals(run) ? stored : throw new CommandException($"{Path.Combine(folder, RunFile.FileName)} has other settings than this command line; resume with --resume --out {folder} alone");
    }

    /// <summary>The settings of a run that goes on; nothing on the command line can change them.</summary>
    private RunFile Stored(ParseResult parsed, string folder)
    {
        string given = Given(parsed, _data, _format, _preset, _options, _bits, _epochs, _seed, _smoke);
        return given.Length == 0
            ? RunFile.Read(folder)
            : throw new UsageException($"--resume goes on with the settings in {Path.Combine(folder, RunFile.FileName)}, which {given} cannot change; leave that out, or train anew in another folder");
    }

    private static string Device(string wanted)
    {
        if (wanted == "cpu")
            return wanted;
        bool cuda = TorchRuntime.HasCuda();
        return cuda ? "cuda" : wanted == "auto" ? "cpu" : throw new CommandException("--device is cuda, but there is no GPU or this build has no CUDA; use auto or cpu, or build with -p:TorchBackend=cuda");
    }

    private static void Report(TrainingSession session, RunFile run, string folder, TimeSpan elapsed, bool json)
    {
        EpochRecord best = session.History.Best ?? throw new CommandException($"{folder} has no validated epoch");
        if (json)
        {
            Json.Print(new JsonObject
            {
                ["best"] = session.BestPath,
                ["best_epoch"] = best.TrainingEpoch,
                ["map"] = best.Scores!.Map,
                ["ndcg100"] = best.Scores.Ndcg100,
                ["p10"] = best.Scores.PrecisionAt10,
                ["epochs"] = session.History.Epochs.Count,
                ["bits"] = run.Settings.Network.Bits,
                ["seconds"] = Math.Round(elapsed.TotalSeconds, 1),
            });
            return;
        }
        Facts.Print(
            ("weights", $"{session.BestPath} (after epoch {best.TrainingEpoch} of {run.Settings.Training.Epochs})"),
            ("held-out mAP", FormattableString.Invariant($"{best.Scores!.Map:F4}")),
            ("held-out nDCG@100", FormattableString.Invariant($"{best.Scores.Ndcg100:F4}")),
            ("time", Pace.Text(elapsed)),
            ("all held-out pictures", $"hashgrid evaluate --model {session.BestPath} --database {Path.Combine(folder, "train.csv")} --queries {Path.Combine(folder, "held-out.csv")}"));
    }
}
