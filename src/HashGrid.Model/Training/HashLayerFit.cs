using HashGrid.Model.Losses;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HashGrid.Model.Training;

/// <summary>The linear layer from class scores to bits that orders a database best for patients it has not seen.</summary>
/// <remarks>
/// Queries are cross-fitted scores (of models that had not seen the picture's patient), the database is scores of the model that has seen every picture: the same two kinds that meet once the network is in use.
/// Learnt with seen scores on both sides, codes of new patients fall between those of training pictures. The list-wise loss is <see cref="ListLoss"/>'s, with a slope of tanh that grows from 1 to 3, and a term that draws codes to ±1.
/// </remarks>
internal static class HashLayerFit
{
    private const int Steps = 150, Queries = 128, Database = 2048;
    private const double Rate = 0.05, Quantisation = 0.1;

    /// <summary>Learns the layer; some seconds.</summary>
    /// <param name="seen">Scores of the database [N, C'], each class's mean 0.</param>
    /// <param name="unseen">Scores as queries [N, C'].</param>
    /// <param name="labels">[N, P] by which pairs are judged, with what is <paramref name="known"/> of them.</param>
    /// <param name="known">[N, P].</param>
    /// <param name="patients">Of each picture; pictures of one patient are not compared.</param>
    /// <param name="widths">Widths whose first bits shall be codes of their own; the largest is k.</param>
    /// <param name="temperature">τ of the list-wise loss.</param>
    /// <param name="seed">Seed of start and order.</param>
    /// <returns>Weight [k, C'] and bias [k]; over the database |u| is 1 on average.</returns>
    public static (Tensor Weight, Tensor Bias) Fit(Tensor seen, Tensor unseen, Tensor labels, Tensor known, IReadOnlyList<string> patients, IReadOnlyList<int> widths, double temperature, int seed)
    {
        using IDisposable learning = enable_grad();
        using DisposeScope scope = NewDisposeScope();
        int count = patients.Count, bits = widths.Max();
        using var generator = new Generator((ulong)seed);
        Tensor spread = unseen.std(0).mean().clamp_min(1e-6);
        double bound = 1 / Math.Sqrt(seen.shape[1]);
        Tensor Start(params long[] shape) => ((rand(shape, generator: generator) * 2 - 1) * bound).to(seen.device);
        using var weight = new Parameter(Start(bits, seen.shape[1]));
        using var bias = new Parameter(Start(bits));
        using var optimizer = new ParameterOptimizer([("weight", weight, 1), ("bias", bias, 1)], new TrainerOptions { Optimizer = OptimizerKind.AdamW, WeightDecay = 0, ClipNorm = 1e6 });
        Dictionary<string, long> number = patients.Distinct().Index().ToDictionary(one => one.Item, one => (long)one.Index);
        Tensor patient = tensor([.. patients.Select(name => number[name])], device: seen.device);
        Tensor database = seen / spread, queries = unseen / spread;
        var random = new Random(seed);
        long[] order = [.. Enumerable.Range(0, count).Select(i => (long)i)];
        for (int step = 0; step < Steps; step++)
        {
            using CollectorPause pause = CollectorPause.Begin();
            using DisposeScope inner = NewDisposeScope();
            random.Shuffle(order);
            Tensor rows = tensor(order[..Math.Min(count, Database)], device: seen.device), asking = rows.narrow(0, 0, Math.Min(count, Queries));
            (Tensor shared, Tensor certain) = HashLoss.Shared(labels.index_select(0, rows), known.index_select(0, rows));
            Tensor strangers = patient.index_select(0, asking).unsqueeze(1).ne(patient.index_select(0, rows).unsqueeze(0));
            long asked = asking.shape[0];
            Tensor listed = strangers.logical_and(certain.narrow(0, 0, asked));
            double slope = 1 + 2.0 * step / Steps;
            Tensor u = (functional.linear(queries.index_select(0, asking), weight, bias) * slope).tanh(), v = (functional.linear(database.index_select(0, rows), weight, bias) * slope).tanh();
            Tensor lists = stack([.. widths.Select(w => ListLoss.Lists(u.narrow(1, 0, w), v.narrow(1, 0, w), shared.narrow(0, 0, asked), listed, temperature))]).mean();
            Tensor rounding = (u.abs() - 1).square().mean() + (v.abs() - 1).square().mean();
            optimizer.ZeroGradients();
            (lists + Quantisation * rounding).backward();
            optimizer.Step(Rate * 0.5 * (1 + Math.Cos(Math.PI * step / Steps)));
        }
        using IDisposable frozen = no_grad();
        Tensor size = functional.linear(database, weight, bias).abs().mean();
        return ((weight / (size * spread)).MoveToOuterDisposeScope(), (bias / size).MoveToOuterDisposeScope());
    }
}
