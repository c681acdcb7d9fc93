using System.Diagnostics;
using HashGrid.Model;
using HashGrid.Model.Datasets;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Training;
using HashGrid.Model.Weights;
using TorchSharp;

namespace HashGrid.CommandLine.Training;

/// <summary>One training run in its folder, from its beginning or from its checkpoint. Runs on the thread that calls it.</summary>
internal sealed class TrainingSession(RunFile run, TrainingData data, string folder, string device, Action<string> say)
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10), BetweenCheckpoints = TimeSpan.FromMinutes(10);

    // Of the machine's memory; the rest is for tensors, the linear models' copies of what they see, and the page cache.
    private const double FeatureShare = 0.25;

    private readonly TrainSettings _settings = run.Settings;
    private readonly TrainerOptions _recipe = run.Settings.Training;
    private readonly TrainingHistory _history = new(folder);
    private readonly Pace _pace = new();
    private readonly string _dataFingerprint = data.Fingerprint();
    private double _epochSeconds;

    public TrainingHistory History => _history;

    public string BestPath => Path.Combine(folder, "best.safetensors");

    public string LastPath => Path.Combine(folder, "last.safetensors");

    /// <summary>Features that do not fit in memory; goes when the run is over.</summary>
    private string FeaturesPath => Path.Combine(folder, "features.bin");

    /// <exception cref="OperationCanceledException">Interrupted; the checkpoint is written.</exception>
    public void Run(CancellationToken ct)
    {
        data.Write(folder);
        say($"{data.Train.Count} pictures of {Patients(data.Train)} patients to train, {data.HeldOut.Count} of {Patients(data.HeldOut)} held out ({_settings.Split.ToString().ToLowerInvariant()} split, seed {_settings.SplitSeed})");
        int unlabelled = data.Train.Count(image => image.Labels.Count == 0 && image.Unknown.Count == 0);
        if (unlabelled > 0)
            say($"{unlabelled} of the pictures to train have no label and are similar to none; write \"{LabelledImage.NoFinding}\" where that is meant");
        if (_recipe.Threads > 0)
            torch.set_num_threads(_recipe.Threads);
        using HashNet net = CreateNet();
        (PictureSet train, PictureSet queries, int[] chosen) = Pictures(ct);
        PictureSet? larger = _recipe.CropFrom == 0 ? null : Decode(data.Train, _recipe.CropFrom, "pictures-large.bin", ct);
        using FeatureCache? cache = KeepFeatures(net, train, larger, ct);
        using var validation = new Validation(train, cache, chosen, queries, net, _recipe, ct);
        using var trainer = new Trainer(net, train, _recipe, cache, ct, larger);
        Checkpoint start = Checkpoint.Restore(folder, trainer, _dataFingerprint) ?? new Checkpoint(1, 0, new double[4], 0, _dataFingerprint);
        _history.Read(start.TrainingEpoch);
        if (start is not { TrainingEpoch: 1, Step: 0 })
            say($"going on with epoch {start.TrainingEpoch}, step {start.Step + 1}");
        for (int epoch = start.TrainingEpoch; epoch <= _recipe.Epochs; epoch++, start = new Checkpoint(epoch, 0, new double[4], 0, _dataFingerprint))
        {
            RunEpoch(trainer, start, ct);
            Finish(trainer, validation, epoch, start, ct);
        }
        cache?.Dispose();
        File.Delete(FeaturesPath);
    }

    /// <summary>Runs what is left of an epoch; adds to the sums and the time of <paramref name="at"/>.</summary>
    private void RunEpoch(Trainer trainer, Checkpoint at, CancellationToken ct)
    {
        long spoken = Stopwatch.GetTimestamp(), saved = spoken, begun = spoken;
        for (int step = at.Step; step < trainer.StepsPerEpoch; step++)
        {
            double seconds = at.Seconds + Stopwatch.GetElapsedTime(begun).TotalSeconds;
            bool stop = ct.IsCancellationRequested;
            if (stop || Stopwatch.GetElapsedTime(saved) > BetweenCheckpoints)
            {
                (at with { Step = step, Seconds = seconds }).Write(folder, trainer);
                saved = Stopwatch.GetTimestamp();
            }
            ct.ThrowIfCancellationRequested();
            long stepBegun = Stopwatch.GetTimestamp();
            StepLoss loss = trainer.RunStep(at.TrainingEpoch, step);
            if (!double.IsFinite(loss.Loss))
                throw new CommandException($"the loss is {loss.Loss} at step {step + 1} of epoch {at.TrainingEpoch}; lower training.rate or training.clipNorm");
            _pace.Step(Stopwatch.GetElapsedTime(stepBegun));
            foreach ((int i, double term) in new[] { loss.Loss, loss.Contrastive, loss.Regulariser, loss.Classification }.Index())
                at.Sums[i] += term;
            if (Stopwatch.GetElapsedTime(spoken) > BetweenLines)
            {
                spoken = Stopwatch.GetTimestamp();
                say(FormattableString.Invariant($"epoch {at.TrainingEpoch}/{_recipe.Epochs}, step {step + 1}/{trainer.StepsPerEpoch}: loss {loss.Loss:F4}, rate {loss.Rate:G3}, {_pace.ImagesPerSecond(_recipe.BatchSize):F1} images/s, {TimeLeft(trainer, at.TrainingEpoch, step + 1)} left"));
            }
        }
        _epochSeconds = at.Seconds + Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private void Finish(Trainer trainer, Validation validation, int epoch, Checkpoint at, CancellationToken ct)
    {
        int steps = trainer.StepsPerEpoch;
        var loss = new StepLoss(at.Sums[0] / steps, at.Sums[1] / steps, at.Sums[2] / steps, at.Sums[3] / steps, trainer.RateAt(epoch, steps - 1));
        RetrievalScores? scores = null;
        string narrower = "";
        if (epoch % _settings.ValidateEvery == 0 || epoch == _recipe.Epochs)
        {
            long begun = Stopwatch.GetTimestamp();
            trainer.WithResult(net =>
            {
                int[] widths = [.. _recipe.Loss.NestedBits.Where(bits => bits < net.Options.Bits).Append(net.Options.Bits)];
                IReadOnlyList<RetrievalScores> all = validation.Measure(net, widths, ct);
                scores = all[^1];
                narrower = string.Concat(widths.SkipLast(1).Select((bits, i) => FormattableString.Invariant($", {bits} bits {all[i].Map:F4}")));
                if (scores.Map > (_history.Best?.Scores!.Map ?? double.NegativeInfinity))
                    Save(BestPath, net, epoch, scores);
                if (epoch == _recipe.Epochs)
                    Save(LastPath, net, epoch, scores);
            });
            _pace.Validation(Stopwatch.GetElapsedTime(begun));
        }
        _history.Add(new EpochRecord(epoch, loss, steps * _recipe.BatchSize / _epochSeconds, scores));
        new Checkpoint(epoch + 1, 0, new double[4], 0, _dataFingerprint).Write(folder, trainer);
        string retrieval = scores is null ? "" : FormattableString.Invariant($", held-out mAP {scores.Map:F4}{narrower} (best {_history.Best!.Scores!.Map:F4} after epoch {_history.Best.TrainingEpoch}; random order {scores.MapRandom:F4})");
        string left = epoch == _recipe.Epochs ? "" : $", {TimeLeft(trainer, epoch + 1, 0)} left";
        say(FormattableString.Invariant(
            $"epoch {epoch}/{_recipe.Epochs}: loss {loss.Loss:F4} (pairs {loss.Contrastive:F4}, ±1 {loss.Regulariser:F4}, findings {loss.Classification:F4}), rate {loss.Rate:G3}, {_history.Epochs[^1].ImagesPerSecond:F1} images/s{retrieval}{left}"));
    }

    /// <summary>What never changes is computed once, and kept in memory if there is room, else in a file.</summary>
    private FeatureCache? KeepFeatures(HashNet net, PictureSet train, PictureSet? larger, CancellationToken ct)
    {
        if (_recipe.Freeze == Freeze.Nothing || _recipe.Views == 0)
            return null;
        double needed = FeatureCache.Bytes(net.Options, _recipe, train.Images.Count) / 1e9;
        double most = _settings.FeatureMemory is { } megabytes ? megabytes / 1e3 : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9 * FeatureShare;
        string? file = needed > most ? FeaturesPath : null;
        if (file is not null)
        {
            double free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace / 1e9;
            if (free < needed && !File.Exists(file))
                throw new CommandException(FormattableString.Invariant(
                    $"the frozen part's output for {train.Images.Count} pictures takes {needed:F2} GB, more than the {most:F2} GB of memory for it, and the disk of {folder} has {free:F2} GB free; name a folder on another disk, or set training.freeze to nothing"));
            say(FormattableString.Invariant($"the frozen part's output takes {needed:F2} GB, more than the {most:F2} GB of memory for it: it goes to {file} until the run is over"));
        }
        say($"computing the frozen part of the network once: {_recipe.Views} views of {train.Images.Count} pictures");
        long spoken = Stopwatch.GetTimestamp();
        return FeatureCache.Compute(net, train, _recipe, ct, done =>
        {
            if (Stopwatch.GetElapsedTime(spoken) < BetweenLines)
                return;
            spoken = Stopwatch.GetTimestamp();
            say($"computing the frozen part: {done} of {_recipe.Views * train.Images.Count}");
        }, file, larger);
    }

    private void Save(string path, HashNet net, int epoch, RetrievalScores scores)
    {
        string name = _settings.Name ?? $"{net.Options.Trunk.Replace('_', '-')}-{net.Options.Bits}";
        ModelFile.Save(path, net, name, _settings.Half, new Dictionary<string, string>
        {
            ["training_epoch"] = FormattableString.Invariant($"{epoch} of {_recipe.Epochs}"),
            ["held_out_map"] = FormattableString.Invariant($"{scores.Map:F4}"),
            ["run"] = run.ToString(),
            [ModelFile.NestedBits] = string.Join(',', _recipe.Loss.NestedBits.Where(width => width < net.Options.Bits)),
        });
    }

    private HashNet CreateNet()
    {
        var net = new HashNet(_settings.NetworkFor(data.Labels), (ulong)_settings.InitialSeed);
        try
        {
            if (_settings.TrunkWeights is { } weights)
                TrunkWeights.Fill(net, weights);
            if (device != "cpu")
                net.Table.To(new torch.Device(DeviceType.CUDA));
            return net;
        }
        catch
        {
            net.Dispose();
            throw;
        }
    }

    private (PictureSet Train, PictureSet Queries, int[] Database) Pictures(CancellationToken ct)
    {
        int[] asked = Validation.Choose(data.HeldOut.Count, _settings.ValidationImages / 4, _settings.SplitSeed);
        int[] stored = Validation.Choose(data.Train.Count, _settings.ValidationImages - asked.Length, _settings.SplitSeed);
        PictureSet pictures = Decode([.. data.Train, .. asked.Select(i => data.HeldOut[i])], _settings.Network.InputSize, "pictures.bin", ct);
        return (pictures.Select(Enumerable.Range(0, data.Train.Count)), pictures.Select(Enumerable.Range(data.Train.Count, asked.Length)), stored);
    }

    private PictureSet Decode(IReadOnlyList<LabelledImage> images, int side, string file, CancellationToken ct)
    {
        int done = 0;
        long spoken = Stopwatch.GetTimestamp();
        Lock speaking = new();
        return PictureSet.Load(images, side, 0, ct, Path.Combine(folder, file), () =>
        {
            lock (speaking)
            {
                done++;
                if (Stopwatch.GetElapsedTime(spoken) < BetweenLines)
                    return;
                spoken = Stopwatch.GetTimestamp();
                say($"decoding pictures: {done} of {images.Count}");
            }
        });
    }

    private string TimeLeft(Trainer trainer, int epoch, int step)
    {
        long steps = ((long)(_recipe.Epochs - epoch + 1) * trainer.StepsPerEpoch) - step;
        return Pace.Text(_pace.Left(steps, (_recipe.Epochs - epoch + 1) / _settings.ValidateEvery));
    }

    private static int Patients(IReadOnlyList<LabelledImage> images) => images.Select(image => image.Patient).Distinct().Count();
}
