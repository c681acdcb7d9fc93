using System.Globalization;
using HashGrid.CommandLine.Evaluation;
using HashGrid.Index;
using HashGrid.Model;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Rivals;
using HashGrid.Model.Training;
using HashGrid.Model.Weights;

namespace HashGrid.CommandLine.Training;

/// <summary>Trains one of the methods that the paper compares itself with, into a folder like that of any run.</summary>
/// <param name="run">Data, split and seeds; the network's settings do not count.</param>
/// <param name="method">Which method.</param>
/// <param name="bits">Code width.</param>
/// <param name="epochs">Null: the method's own.</param>
/// <param name="folder">Receives best.safetensors, train.csv, held-out.csv and loss.csv.</param>
/// <param name="say">Receives a line now and then.</param>
internal sealed class RivalRun(RunFile run, RivalMethod method, int bits, int? epochs, string folder, Action<string> say)
{
    public string ModelPath => Path.Combine(folder, "best.safetensors");

    /// <summary>Does all of it on this thread; scores on the held-out patients.</summary>
    /// <exception cref="CommandException">The data do not bear the method.</exception>
    public RetrievalScores Run(CancellationToken ct)
    {
        TrainingData data = TrainingData.Load(run, say);
        Directory.CreateDirectory(folder);
        data.Write(folder);
        RivalOptions options = RivalOptions.For(method, bits, labels: data.Labels).Within(data.Train.Count);
        using RivalNet net = RivalNet.Create(options, (ulong)run.Settings.InitialSeed);
        if (net is PooledNet pooled)
            FillTrunk(pooled);
        PictureSet train = PictureSet.Load(data.Train, options.InputSize, cancellation: ct), heldOut = PictureSet.Load(data.HeldOut, options.InputSize, cancellation: ct);
        TrainerOptions recipe = RivalRecipes.For(method, train.Images.Count, run.Smoke ? 2 : epochs) with { Seed = run.Settings.Training.Seed };
        IReadOnlyList<double> losses;
        try
        {
            losses = new RivalTrainer(net, train, recipe, data.Labels).Run((epoch, loss) => say(FormattableString.Invariant($"epoch {epoch}/{recipe.Epochs}: loss {loss:F4}")), ct);
        }
        catch (ArgumentException failure)
        {
            throw new CommandException(failure.Message);
        }
        File.WriteAllLines(Path.Combine(folder, "loss.csv"), losses.Select((loss, i) => FormattableString.Invariant($"{i + 1},{loss:R}")).Prepend("step,loss"));
        var width = new CodeWidth(bits);
        RetrievalScores scores = CodeRetrieval.Score(
            width, heldOut.Images, CodePacking.Pack(RivalTrainer.Codes(net, heldOut), width), train.Images, CodePacking.Pack(RivalTrainer.Codes(net, train), width), ct);
        HashModels.Save(ModelPath, net, $"{method.ToString().ToLowerInvariant()}-{bits}", notes: new Dictionary<string, string>
        {
            ["held_out_map"] = scores.Map.ToString("F4", CultureInfo.InvariantCulture),
            ["run"] = run.ToString(),
        });
        return scores;
    }

    private static void FillTrunk(PooledNet net)
    {
        using var source = new HashNet(net.Options.Trunk);
        TrunkWeights.Fill(source, TrainSettings.ImageNet);
        net.CopyTrunk(source);
    }
}
