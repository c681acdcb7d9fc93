using System.Diagnostics;
using HashGrid.CommandLine.Evaluation;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Training;
using HashGrid.Index;
using HashGrid.Model;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Rivals;
using HashGrid.Model.Training;
using HashGrid.Model.Weights;
using TorchSharp;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>Trains one cell and measures it. Runs on the thread that calls it, in a process that runs no other: see <see cref="ResidentPeak"/>.</summary>
internal sealed class CellRunner(Workbench bench, ReproSettings settings, string folder, Action<string> say)
{
    /// <summary>Trains, scores, and writes weights and codes; the result is not written.</summary>
    public CellResult Run(ReproCell cell, CancellationToken ct)
    {
        (int[] train, int[] heldOut) = bench.Split(cell.Split);
        (float[] stored, float[] asked, CellResult result) = cell.System.Rival is { } method ? RunRival(cell, method, train, heldOut, ct) : RunNetwork(cell, train, heldOut, ct);
        WidthScores[] scores = [.. cell.Widths.Select(bits => Score(bits, cell.Bits, train, stored, heldOut, asked, ct))];
        if (cell.Widths.Contains(settings.MainBits))
        {
            Keep(cell.StoredIn(folder), stored, cell.Bits);
            Keep(cell.AskedIn(folder), asked, cell.Bits);
        }
        return result with { Scores = scores };
    }

    private (float[] Stored, float[] Asked, CellResult Result) RunRival(ReproCell cell, RivalMethod method, int[] train, int[] heldOut, CancellationToken ct)
    {
        RivalOptions options = RivalOptions.For(method, cell.Bits, bench.Trunk.Options, bench.Labels).Within(train.Length);
        options = options with { InputSize = cell.InputSize(settings) ?? options.InputSize };
        PictureSet all = bench.Pictures(options.InputSize, ct), database = all.Select(train), queries = all.Select(heldOut);
        if (options.UsesTrunk)
            _ = bench.Features(ct);
        TrainerOptions recipe = RivalRecipes.For(method, train.Length, settings.EpochsOf(cell.System)) with { Seed = cell.Split };
        var epochs = new EpochLines(cell.Id, recipe.Epochs, say);
        using var memory = new ResidentPeak();
        using RivalNet net = RivalNet.Create(options, (ulong)cell.Split);
        using torch.Tensor? features = options.UsesTrunk ? bench.Pooled(train, ct) : null, others = options.UsesTrunk ? bench.Pooled(heldOut, ct) : null;
        (net as PooledNet)?.CopyTrunk(bench.Trunk);
        long begun = Stopwatch.GetTimestamp();
        IReadOnlyList<double> losses;
        try
        {
            losses = new RivalTrainer(net, database, recipe, bench.Labels, features).Run((epoch, _) => epochs.Done(epoch), ct);
        }
        catch (ArgumentException failure)
        {
            throw new CommandException($"{cell.Id}: {failure.Message}");
        }
        CellResult result = Result(cell, train, heldOut, Stopwatch.GetElapsedTime(begun), memory.Megabytes, [.. losses], RecipeText.Of(method, recipe, options));
        HashModels.Save(cell.WeightsIn(folder), net, $"{cell.System.Id}-{cell.Bits}", half: true);
        return (RivalTrainer.Codes(net, database, features), RivalTrainer.Codes(net, queries, others), result);
    }

    private (float[] Stored, float[] Asked, CellResult Result) RunNetwork(ReproCell cell, int[] train, int[] heldOut, CancellationToken ct)
    {
        (HashNetOptions options, TrainerOptions recipe) = NetworkPlan.Of(cell, bench, settings, settings.EpochsOf(cell.System), train.Length);
        PictureSet all = bench.Pictures(options.InputSize, ct), database = all.Select(train), queries = all.Select(heldOut);
        using FeatureCache features = bench.Features(ct).Select(train), others = bench.Features(ct).Select(heldOut);
        using var memory = new ResidentPeak();
        using var net = new HashNet(options, (ulong)cell.Split);
        TrunkWeights.Fill(net, TrainSettings.ImageNet);
        long begun = Stopwatch.GetTimestamp();
        var losses = new List<double>();
        using (var trainer = new Trainer(net, database, recipe, features, ct))
        {
            var epochs = new EpochLines(cell.Id, recipe.Epochs, say);
            for (int epoch = 1; epoch <= recipe.Epochs; epoch++)
            {
                losses.Add(trainer.RunEpoch(epoch, ct).Loss);
                epochs.Done(epoch);
            }
            trainer.UseAverage();
            if (recipe.CentreBits)
                trainer.CentreBits();
        }
        CellResult result = Result(cell, train, heldOut, Stopwatch.GetElapsedTime(begun), memory.Megabytes, [.. losses], RecipeText.Of(recipe, options));
        ModelFile.Save(cell.WeightsIn(folder), net, $"{cell.System.Id}-{cell.Bits}", half: true, new Dictionary<string, string>
        {
            [ModelFile.NestedBits] = string.Join(',', recipe.Loss.NestedBits.Where(width => width < options.Bits)),
        });
        return (Evaluator.Codes(net, database, features), Evaluator.Codes(net, queries, others), result);
    }

    private void Keep(string path, float[] values, int rowBits)
    {
        using FileStream file = File.Create(path);
        CodeFile.Write(file, CodePacking.Pack(values, new CodeWidth(settings.MainBits), rowBits));
    }

    private WidthScores Score(int bits, int rowBits, int[] train, float[] stored, int[] heldOut, float[] asked, CancellationToken ct)
    {
        var width = new CodeWidth(bits);
        var meter = new RetrievalMeter();
        var curve = new RecallCurve();
        CodeRetrieval.Rank(
            width,
            [.. heldOut.Select(i => bench.Images[i])],
            CodePacking.Pack(asked, width, rowBits),
            [.. train.Select(i => bench.Images[i])],
            CodePacking.Pack(stored, width, rowBits),
            (query, distances, shared) =>
            {
                meter.Add(query.Patient, distances, shared);
                curve.Add(shared);
            },
            ct);
        RetrievalScores scores = CodeRetrieval.Scores(meter);
        IReadOnlyList<QueryScore> each = meter.PerQuery;
        return new WidthScores
        {
            Bits = bits,
            Map = scores.Map,
            MapLow = scores.MapLow,
            MapHigh = scores.MapHigh,
            Ndcg100 = scores.Ndcg100,
            MapAt10 = scores.MapAt10,
            MapTieAware = scores.MapTieAware,
            MapRandom = scores.MapRandom,
            Precision = curve.Precision(),
            Patients = [.. each.Select(one => one.Patient)],
            AveragePrecisions = [.. each.Select(one => Math.Round(one.AveragePrecision, 5))],
            Ndcgs = [.. each.Select(one => Math.Round(one.Ndcg100, 5))],
            AveragePrecisionsAt10 = [.. each.Select(one => Math.Round(one.AveragePrecisionAt10, 5))],
        };
    }

    private static CellResult Result(ReproCell cell, int[] train, int[] heldOut, TimeSpan time, double megabytes, double[] losses, string recipe) => new()
    {
        System = cell.System.Id,
        Split = cell.Split,
        Bits = cell.Bits,
        Database = train.Length,
        Queries = heldOut.Length,
        Recipe = recipe,
        TrainSeconds = time.TotalSeconds,
        TrainMegabytes = megabytes,
        Losses = losses,
        Scores = [],
    };
}
