using HashGrid.Model.Datasets;
using HashGrid.Model.Losses;
using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Rivals;

/// <summary>Fits or trains a rival on a set of pictures. One at a time in a process; the same options, data and threads give the same weights.</summary>
/// <remarks>
/// A trunk stays as it is: SSH, ITQ, DH and DRH see pooled features, computed once. DSH and ATH learn from the pixels. ATH's authors compare real-valued outputs;
/// for its codes every bit is shifted by its median over the training pictures in the end.
/// </remarks>
public sealed class RivalTrainer
{
    private const int Block = 32, DshDropSteps = 20_000;
    private readonly RivalNet _net;
    private readonly PictureSet _pictures;
    private readonly TrainerOptions _recipe;
    private readonly IReadOnlyList<string> _classes;
    private readonly Tensor? _pooled;

    /// <param name="net">Changed in place; stays the caller's. A trunk holds its pretrained weights already.</param>
    /// <param name="pictures">Training pictures at the model's own size; of those with a trunk only the labels are used when <paramref name="pooled"/> is given.</param>
    /// <param name="recipe">See <see cref="RivalRecipes"/>.</param>
    /// <param name="classes">What a method with a class term tells apart; pairs go by every label (<see cref="PairLabels"/>).</param>
    /// <param name="pooled">Pooled trunk features [N, D] of the pictures, if they are at hand; stays the caller's.</param>
    /// <exception cref="ArgumentException">Fewer pictures than a batch, or features of another number of pictures.</exception>
    public RivalTrainer(RivalNet net, PictureSet pictures, TrainerOptions recipe, IReadOnlyList<string> classes, Tensor? pooled = null)
    {
        if (pooled is not null && pooled.shape[0] != pictures.Images.Count)
            throw new ArgumentException($"features of {pooled.shape[0]} pictures for {pictures.Images.Count}", nameof(pooled));
        if (net.Options.Method is RivalMethod.Dsh or RivalMethod.Drh or RivalMethod.Ath && pictures.Images.Count < recipe.BatchSize)
            throw new ArgumentException($"{pictures.Images.Count} pictures, but one batch needs {recipe.BatchSize}; use more pictures or a smaller batch");
        (_net, _pictures, _recipe, _classes, _pooled) = (net, pictures, recipe, classes, pooled);
    }

    /// <summary>Does all of it.</summary>
    /// <param name="progress">Receives each epoch, from 1, and its mean loss.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>What went down: the loss by epoch, ITQ's error or DH's objective by iteration, nothing for SSH.</returns>
    public IReadOnlyList<double> Run(Action<int, double>? progress = null, CancellationToken cancellation = default)
    {
        using DisposeScope scope = NewDisposeScope();
        if (_recipe.Threads > 0)
            set_num_threads(_recipe.Threads);
        (Tensor labels, Tensor known) = _pictures.LabelMatrix(PairLabels.Columns(_classes, _pictures.Images, _recipe.FindingsOnly));
        if (_net is not PooledNet net)
            return Learn(labels, known, null, progress, cancellation);
        Tensor pooled = _pooled ?? Pool(net, _pictures, cancellation);
        switch (net.Options.Method)
        {
            case RivalMethod.Itq:
                (Tensor mean, Tensor projection, Tensor rotation, IReadOnlyList<double> errors) = ItqFit.Fit(pooled, net.Bits, _recipe.Seed);
                Project(net, mean, projection.mm(rotation));
                return errors;
            case RivalMethod.Ssh:
                (Tensor centre, Tensor directions, _) = SshFit.Fit(pooled, labels, known, net.Bits, _recipe.Seed);
                Project(net, centre, directions);
                return [];
            case RivalMethod.Dh:
                return DhFit.Fit(net, pooled, cancellation: cancellation);
            default:
                using (no_grad())
                using (CollectorPause.Begin())
                {
                    net.Table["pooled.mean"].copy_(pooled.mean([0]));
                    net.Table["pooled.scale"].copy_((pooled - pooled.mean([0])).square().mean().sqrt().clamp_min(1e-12).view(1));
                }
                return Learn(labels, known, pooled, progress, cancellation);
        }
    }

    /// <summary>Pooled trunk features [N, D] of every picture.</summary>
    public static Tensor Pool(PooledNet net, PictureSet pictures, CancellationToken cancellation = default)
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor pooled = empty(pictures.Images.Count, net.Channels);                                // filled in place: joined in the end, blocks would take as much again
        foreach (int[] chunk in Enumerable.Range(0, pictures.Images.Count).Chunk(Block))
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            pooled.narrow(0, chunk[0], chunk.Length).copy_(net.Pool(pictures.Pixels(chunk)));
        }
        return pooled.MoveToOuterDisposeScope();
    }

    /// <summary>u [N, k] of every picture in inference mode, row by row.</summary>
    public static float[] Codes(RivalNet net, PictureSet pictures, Tensor? pooled = null)
    {
        using IDisposable frozen = no_grad();
        net.Training = false;
        var values = new List<float>();
        foreach (int[] chunk in Enumerable.Range(0, pictures.Images.Count).Chunk(Block))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor code = net is PooledNet head && pooled is not null ? head.Head(Rows(pooled, chunk)) : net.Codes(pictures.Pixels(chunk));
            values.AddRange(code.contiguous().data<float>().ToArray());
        }
        return [.. values];
    }

    private static Tensor Rows(Tensor matrix, int[] rows) => matrix.index_select(0, tensor(Array.ConvertAll(rows, row => (long)row)));

    private static void Project(PooledNet net, Tensor mean, Tensor directions)
    {
        using IDisposable frozen = no_grad();
        net.Table["pooled.mean"].copy_(mean);
        net.Table["pooled.scale"].fill_(1);
        net.Table["hash.weight"].copy_(directions.t());
        net.Table["hash.bias"].zero_();
    }

    private List<double> Learn(Tensor labels, Tensor known, Tensor? pooled, Action<int, double>? progress, CancellationToken cancellation)
    {
        using var optimizer = new ParameterOptimizer(
            _net.Table.Parameters.Where(one => !one.Name.StartsWith("trunk.", StringComparison.Ordinal)).Select(one => (one.Name, one.Value, 1.0)), _recipe);
        (int Query, int Positive, int Negative)[] triplets = _net is AthNet ? Triplets.Draw(labels, known, _recipe.Seed, cancellation) : [];
        int items = _net is AthNet ? triplets.Length : _pictures.Images.Count, steps = items / _recipe.BatchSize;
        if (steps == 0)
            throw new ArgumentException($"{items} pictures have both a similar and a dissimilar one, but one batch needs {_recipe.BatchSize}");
        var losses = new List<double>();
        int[] order = [.. Enumerable.Range(0, items)];
        for (int epoch = 1; epoch <= _recipe.Epochs; epoch++)
        {
            new Random(unchecked((_recipe.Seed * 1_000_003) + epoch)).Shuffle(order);
            double sum = 0;
            for (int step = 0; step < steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                using CollectorPause pause = CollectorPause.Begin();
                using DisposeScope scope = NewDisposeScope();
                _net.Training = true;
                optimizer.ZeroGradients();
                int[] batch = order[(step * _recipe.BatchSize)..((step + 1) * _recipe.BatchSize)];
                Tensor loss = _net is AthNet ath ? TripletLoss(ath, Array.ConvertAll(batch, i => triplets[i]), labels, known) : PairLoss(batch, labels, known, pooled);
                loss.backward();
                optimizer.Step(Rate(epoch, step, steps));
                sum += loss.item<float>();
            }
            _net.Training = false;
            losses.Add(sum / steps);
            progress?.Invoke(epoch, sum / steps);
        }
        if (_net is AthNet)
            Centre();
        return losses;
    }

    private Tensor PairLoss(int[] batch, Tensor labels, Tensor known, Tensor? pooled)
    {
        (Tensor similar, Tensor certain) = HashLoss.Pairs(Rows(labels, batch), Rows(known, batch));
        return _net is PooledNet drh
            ? DrhLoss.Compute(drh.Head(Rows(pooled!, batch)), drh.Table["hash.weight"], similar, certain, new DrhLossOptions()).Total
            : DshLoss.Compute(_net.Codes(_pictures.Pixels(batch)), similar, certain);
    }

    private Tensor TripletLoss(AthNet net, (int Query, int Positive, int Negative)[] batch, Tensor labels, Tensor known)
    {
        int[] all = [.. batch.Select(one => one.Query), .. batch.Select(one => one.Positive), .. batch.Select(one => one.Negative)];
        (Tensor code, Tensor? logits) = net.Forward(_pictures.Pixels(all));
        Tensor[] parts = code.split(batch.Length);
        Tensor loss = AthLoss.Triplet(parts[0], parts[1], parts[2]);
        return logits is null ? loss : loss + 3 * AthLoss.Classes(logits, Rows(labels, all).narrow(1, 0, logits.shape[1]), Rows(known, all).narrow(1, 0, logits.shape[1])); // the sum of the three means
    }

    private double Rate(int epoch, int step, int steps)
    {
        double at = epoch - 1 + ((double)step / steps);
        if (_net is DshNet)
            return _recipe.Rate * Math.Pow(0.6, (((epoch - 1) * (long)steps) + step) / DshDropSteps);
        return _recipe.DropAfter > 0 ? _recipe.Rate * (at >= _recipe.DropAfter ? 0.1 : 1) : _recipe.Rate * 0.5 * (1 + Math.Cos(Math.PI * at / _recipe.Epochs));
    }

    private void Centre()
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using CollectorPause pause = CollectorPause.Begin();
        Tensor codes = tensor(Codes(_net, _pictures), [_pictures.Images.Count, _net.Bits]);
        _net.Table["hash.bias"].sub_(codes.sort(0).Values[_pictures.Images.Count / 2]);
    }
}
