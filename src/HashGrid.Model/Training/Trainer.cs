using System.Diagnostics;
using HashGrid.Model.Datasets;
using HashGrid.Model.Losses;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HashGrid.Model.Training;

/// <summary>Trains a network on a set of pictures. One at a time in a process; same options, data and threads give the same weights.</summary>
public sealed partial class Trainer : IDisposable
{
    private readonly HashNet _net;
    private readonly PictureSet _pictures, _larger; // the same unless views are cropped
    private readonly TrainerOptions _options;
    private readonly Tensor _pairLabels, _pairKnown; // [N, P]: what makes pairs similar, the classes first
    private readonly Tensor _labels, _known, _targets; // [N, C]; targets are labels, or labels with a teacher's scores
    private readonly (string Name, Parameter Value)[] _learned;
    private readonly Dictionary<string, Tensor> _average = [];
    private readonly FeatureCache? _cache;
    private readonly bool _ownsCache;
    private readonly ParameterOptimizer _optimizer;
    private readonly Device _device;
    private readonly float[] _classes; // N × C
    private int[] _order = [];
    private int _orderEpoch;

    /// <summary>Prepares training; computes the frozen part of every view, so this can take minutes.</summary>
    /// <param name="net">Trained in place, on the device that holds it; stays the caller's.</param>
    /// <param name="pictures">Training pictures.</param>
    /// <param name="options">The recipe.</param>
    /// <param name="cache">What the frozen part gives for these pictures, if it is at hand; stays the caller's.</param>
    /// <param name="cancellation">Stops the preparation.</param>
    /// <param name="larger">The same pictures at the side of <see cref="TrainerOptions.CropFrom"/>; null where that is 0.</param>
    /// <exception cref="ArgumentException">What <see cref="TrainerOptions.Validate(HashNetOptions, int)"/> says, or a cache or larger pictures of something else.</exception>
    public Trainer(HashNet net, PictureSet pictures, TrainerOptions options, FeatureCache? cache = null, CancellationToken cancellation = default, PictureSet? larger = null)
    {
        if ((larger?.Size ?? 0) != options.CropFrom || (larger?.Images.Count ?? pictures.Images.Count) != pictures.Images.Count)
            throw new ArgumentException($"views are cut from {options.CropFrom} pixels, but {larger?.Images.Count ?? 0} pictures of {larger?.Size ?? 0} are given; expected {pictures.Images.Count}", nameof(larger));
        if (cache is not null && (cache.Freeze != options.Freeze || cache.Count != pictures.Images.Count))
            throw new ArgumentException($"the cache holds {cache.Count} pictures, frozen {cache.Freeze}; expected {pictures.Images.Count}, frozen {options.Freeze}", nameof(cache));
        if (options.Validate(net.Options, pictures.Images.Count) is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        (_net, _pictures, _larger, _options) = (net, pictures, larger ?? pictures, options);
        if (options.Threads > 0)
            set_num_threads(options.Threads);
        _device = net.Device;
        (_pairLabels, _pairKnown) = pictures.LabelMatrix(PairLabels.Columns(net.Options.Labels, pictures.Images, options.FindingsOnly), _device);
        (_labels, _known) = (_pairLabels.narrow(1, 0, net.Options.Labels.Length), _pairKnown.narrow(1, 0, net.Options.Labels.Length));
        using (Tensor known = _labels * _known)
            _classes = known.cpu().data<float>().ToArray();
        _learned = [.. net.Table.Parameters.Where(one => Learns(one.Name))];
        _optimizer = new ParameterOptimizer(_learned.Select(one => (one.Name, one.Value, net.Place(one.Name).Trunk ? options.TrunkRate : 1)), options);
        _ownsCache = cache is null;
        _cache = cache ?? (options.Freeze == Freeze.Nothing || options.Views == 0 ? null : FeatureCache.Compute(net, pictures, options, cancellation, larger: larger));
        _targets = options.Distil > 0 ? Targets() : _labels;
        if (options.LinearStart)
            StartLinear(cancellation);
        if (options.CentreBits)
            CentreBits(batchStatistics: true);
    }

    /// <summary>Runs one epoch.</summary>
    /// <param name="trainingEpoch">1 to the number of epochs; decides rate, order and augmentation, so a resumed run goes on as it would have.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public TrainingProgress RunEpoch(int trainingEpoch, CancellationToken cancellation = default)
    {
        double[] sums = new double[4];
        long started = Stopwatch.GetTimestamp();
        double rate = 0;
        for (int step = 0; step < StepsPerEpoch; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            StepLoss loss = RunStep(trainingEpoch, step);
            foreach ((int i, double term) in new[] { loss.Loss, loss.Contrastive, loss.Regulariser, loss.Classification }.Index())
                sums[i] += term / StepsPerEpoch;
            rate = loss.Rate;
        }
        return new TrainingProgress(trainingEpoch, sums[0], sums[1], sums[2], sums[3], rate, StepsPerEpoch * _options.BatchSize / Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    /// <summary>Steps of one epoch; pictures that fill no batch wait for another epoch's order.</summary>
    public int StepsPerEpoch => _pictures.Images.Count / _options.BatchSize;

    /// <summary>Runs one step. What it does depends on weights, epoch and step alone, so training can stop after any step and go on from its state.</summary>
    /// <param name="trainingEpoch">1 to the number of epochs.</param>
    /// <param name="step">0 to <see cref="StepsPerEpoch"/> − 1.</param>
    public StepLoss RunStep(int trainingEpoch, int step)
    {
        if (_orderEpoch != trainingEpoch)
        {
            _order = ClassBalance.Order(_classes, _pictures.Images.Count, _net.Options.Labels.Length, _options.ClassBalance, new Random(HashCode(_options.Seed, trainingEpoch)));
            _orderEpoch = trainingEpoch;
        }
        double rate = RateAt(trainingEpoch, step);
        (_net.Training, _net.TrunkTraining) = (true, _options.Freeze == Freeze.Nothing);
        using CollectorPause pause = CollectorPause.Begin();
        using DisposeScope scope = NewDisposeScope();
        HashLossTerms terms = Step(_order.AsSpan(step * _options.BatchSize, _options.BatchSize), new Random(HashCode(HashCode(_options.AugmentationSeed ?? _options.Seed, trainingEpoch), step + 1)), rate);
        (_net.Training, _net.TrunkTraining) = (false, false);
        float[] values = stack([terms.Total, terms.Contrastive, terms.Regulariser, terms.Classification]).detach().cpu().data<float>().ToArray();
        return new StepLoss(values[0], values[1], values[2], values[3], rate);
    }

    /// <summary>Learning rate of a step.</summary>
    public double RateAt(int trainingEpoch, int step) => Rate(trainingEpoch - 1 + (double)step / StepsPerEpoch);

    /// <summary>Puts the running average of weights into the network (if there is one); training is over then.</summary>
    public void UseAverage()
    {
        using IDisposable frozen = no_grad();
        foreach ((string name, Tensor value) in _average)
            _net.Table[name].copy_(value);
    }

    /// <summary>Shifts every bit by its median over the training pictures; the class scores stay as they are.</summary>
    /// <param name="batchStatistics">With batch norm as in training: its running statistics mean nothing before the first epoch.</param>
    public void CentreBits(bool batchStatistics = false)
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using CollectorPause pause = CollectorPause.Begin();
        Dictionary<string, Tensor> statistics = _net.Table.Names.Where(name => name.Contains("running_", StringComparison.Ordinal)).ToDictionary(name => name, name => _net.Table[name].clone());
        (_net.Training, _net.TrunkTraining) = (batchStatistics, batchStatistics && _options.Freeze == Freeze.Nothing);
        var codes = new List<Tensor>();
        foreach (int[] chunk in Enumerable.Range(0, _pictures.Images.Count).Chunk(_options.BatchSize).Where(chunk => chunk.Length == _options.BatchSize))
        {
            // What the layers give for one batch of a ResNet-50 is gigabytes: each is let go before the next.
            using DisposeScope batch = NewDisposeScope();
            codes.Add(_net.Head(_cache?.Map(_net, chunk, null) ?? _net.Features(_net.Prepare(_pictures.Pixels(chunk, _device)))).Code.MoveToOuterDisposeScope());
        }
        (_net.Training, _net.TrunkTraining) = (false, false);
        foreach ((string name, Tensor value) in statistics)
            _net.Table[name].copy_(value);
        Tensor all = cat(codes), shift = all.sort(0).Values[all.shape[0] / 2]; // [k]
        _net.Table["hash.bias"].sub_(shift);
        if (_net.Options.Labels.Length > 0 && !_net.Options.ClassifyFromHidden)
            _net.Table["classifier.bias"].add_(_net.Table["classifier.weight"].mv(shift));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in (IEnumerable<Tensor>)[_pairLabels, _pairKnown, _labels, _known, _targets, .. _average.Values])
            tensor.Dispose();
        if (_ownsCache)
            _cache?.Dispose();
        _optimizer.Dispose();
    }

    private HashLossTerms Step(ReadOnlySpan<int> batch, Random random, double rate)
    {
        _optimizer.ZeroGradients();
        Tensor map = Map(batch, random);
        if (_options.Mix > 0)
            map = MapMixing.Apply(map, random, _options.Mix);
        HashNetOutput output = _net.Head(map);
        Tensor chosen = tensor(Array.ConvertAll(batch.ToArray(), i => (long)i), device: _device);
        HashLossTerms terms = HashLoss.Compute(output.Code, output.Logits, _pairLabels.index_select(0, chosen), _options.Loss, _pairKnown.index_select(0, chosen), _targets.index_select(0, chosen));
        terms.Total.backward();
        _optimizer.Step(rate);
        if (_options.Average > 0)
            Accumulate();
        return terms;
    }

    private Tensor Map(ReadOnlySpan<int> batch, Random random)
    {
        if (_cache is not null)
            return _cache.Map(_net, batch, random);
        Tensor pixels = _net.Prepare(Augmentation.Apply(_larger.Pixels(batch, _device), random, _options, _pictures.Size));
        if (_options.Freeze == Freeze.Nothing)
            return _net.Features(pixels);
        Tensor frozen;
        using (no_grad())
            frozen = _options.Freeze == Freeze.Trunk ? _net.Features(pixels) : _net.LowerFeatures(pixels);
        return _options.Freeze == Freeze.Trunk ? frozen : _net.UpperFeatures(frozen);
    }

    /// <summary>(1 − d) · labels + d · teacher.</summary>
    private Tensor Targets()
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using CollectorPause pause = CollectorPause.Begin();
        if (_options.Freeze != Freeze.Trunk || _cache is null)
            throw new ArgumentException("distillation needs a frozen trunk and at least one view of each picture");
        IEnumerable<Tensor> pooled = Enumerable.Range(0, _pictures.Images.Count).Chunk(32).Select(chunk => Pooled(_cache, chunk));
        Tensor teacher = RidgeTeacher.Predict(cat([.. pooled]), _labels, _known, [.. _pictures.Images.Select(image => image.Patient)]);
        return ((1 - _options.Distil) * _labels + _options.Distil * teacher).MoveToOuterDisposeScope();
    }

    // The maps of a data set are some hundred times what is pooled of them: only a chunk's are kept at a time.
    private Tensor Pooled(FeatureCache cache, int[] chunk)
    {
        using DisposeScope scope = NewDisposeScope();
        return RidgeTeacher.Pool(cache.Map(_net, chunk, null)).MoveToOuterDisposeScope();
    }

    private bool Learns(string name)
    {
        (bool trunk, bool lower) = _net.Place(name);
        return !trunk || _options.Freeze == Freeze.Nothing || (_options.Freeze == Freeze.Lower && !lower);
    }

    private double Rate(double epochs) =>
        _options.DropAfter > 0 ? _options.Rate * (epochs >= _options.DropAfter ? 0.1 : 1) : _options.Rate * 0.5 * (1 + Math.Cos(Math.PI * epochs / _options.Epochs));

    private void Accumulate()
    {
        using IDisposable frozen = no_grad();
        using Scalar kept = _options.Average, added = 1 - _options.Average;
        foreach ((string name, Parameter value) in _learned)
            if (!_average.TryGetValue(name, out Tensor? mean))
                _average[name] = value.detach().clone().DetachFromDisposeScope();
            else
                mean.mul_(kept).add_(value, added);
    }

    private static int HashCode(int seed, int stream) => unchecked(seed * 1_000_003 + stream * 7919);
}
