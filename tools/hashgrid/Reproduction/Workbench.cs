using System.Diagnostics;
using HashGrid.CommandLine.Training;
using HashGrid.Model;
using HashGrid.Model.Datasets;
using HashGrid.Model.Rivals;
using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>What all cells share: the pictures at each size, and what the pretrained trunk gives for each, computed once. One thread.</summary>
internal sealed class Workbench : IDisposable
{
    /// <summary>Share of the patients that ask; the others are trained on and searched.</summary>
    public const double Asked = 0.3;

    private const int SmokePictures = 48;
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10);
    private readonly string _folder;
    private readonly Action<string> _say;
    private readonly Dictionary<int, PictureSet> _pictures = [];
    private FeatureCache? _features;
    private HashNet? _trunk;

    public Workbench(ReproSettings settings, string folder, Action<string> say)
    {
        (_folder, _say) = (folder, say);
        IReadOnlyList<LabelledImage> images = settings.Format switch
        {
            DataFormat.Nih => ImageDatasets.ReadNih(settings.Data, note: say),
            DataFormat.Chexpert => ImageDatasets.ReadCheXpert(Path.Combine(settings.Data, "train.csv")),
            _ => ImageDatasets.ReadCsv(Path.Combine(settings.Data, "labels.csv"), settings.Source),
        };
        Images = settings.Smoke && images.Count > SmokePictures ? [.. Enumerable.Range(0, SmokePictures).Select(i => images[(int)((long)i * images.Count / SmokePictures)])] : images;
        Labels = [.. Images.SelectMany(image => image.Labels.Concat(image.Unknown)).Where(label => label != LabelledImage.NoFinding).Distinct().Order(StringComparer.Ordinal)];
        foreach ((int position, LabelledImage image) in Images.Index())
            Positions.Add(image, position);
    }

    public IReadOnlyList<LabelledImage> Images { get; }

    /// <summary>Classes of the data, in order.</summary>
    public string[] Labels { get; }

    /// <summary>By reference: a picture may stand in the list twice.</summary>
    private Dictionary<LabelledImage, int> Positions { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The trunk that every method which admits one starts from and keeps.</summary>
    public HashNet Trunk => _trunk ??= MakeTrunk();

    /// <summary>Positions of the database's and the queries' pictures: 70 and 30 % of the patients.</summary>
    /// <exception cref="CommandException">One side is empty.</exception>
    public (int[] Train, int[] HeldOut) Split(int seed)
    {
        (IReadOnlyList<LabelledImage> train, IReadOnlyList<LabelledImage> heldOut) = PatientSplit.Split(Images, Asked, seed);
        return train.Count > 0 && heldOut.Count > 0
            ? ([.. train.Select(image => Positions[image])], [.. heldOut.Select(image => Positions[image])])
            : throw new CommandException($"split {seed} leaves {train.Count} pictures to train and {heldOut.Count} held out; both need some");
    }

    public PictureSet Pictures(int side, CancellationToken ct)
    {
        if (_pictures.TryGetValue(side, out PictureSet? known))
            return known;
        int said = 0;
        return _pictures[side] = PictureSet.Load(Images, side, cancellation: ct, cachePath: Path.Combine(_folder, $"pictures-{side}.bin"), decoded: () =>
        {
            if (Interlocked.Exchange(ref said, 1) == 0)
                _say($"decoding {Images.Count} pictures at {side} x {side}");
        });
    }

    /// <summary>Feature maps of every picture as it is; kept in a file.</summary>
    public FeatureCache Features(CancellationToken ct)
    {
        if (_features is not null)
            return _features;
        PictureSet pictures = Pictures(Trunk.InputSize, ct);
        long spoken = 0;
        return _features = FeatureCache.Compute(Trunk, pictures, new TrainerOptions { Freeze = Freeze.Trunk, Views = 1 }, ct, done =>
        {
            if (spoken != 0 && Stopwatch.GetElapsedTime(spoken) < BetweenLines)
                return;
            spoken = Stopwatch.GetTimestamp();
            _say($"computing the trunk's features once for all methods that stand on it: {done} of {Images.Count} pictures");
        }, Path.Combine(_folder, "features.bin"));
    }

    /// <summary>Pooled features [n, D] of some pictures; the caller's to dispose.</summary>
    public Tensor Pooled(int[] positions, CancellationToken ct)
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        FeatureCache features = Features(ct);
        Tensor? pooled = null;
        foreach (int[] chunk in Enumerable.Range(0, positions.Length).Chunk(32))
        {
            ct.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope(); // a map is fifty times what is kept of it
            Tensor part = PooledNet.PoolMap(features.Map(Trunk, Array.ConvertAll(chunk, i => positions[i]), null));
            pooled ??= empty(positions.Length, part.shape[1]).MoveToOuterDisposeScope();
            pooled.narrow(0, chunk[0], chunk.Length).copy_(part);
        }
        return pooled!.DetachFromDisposeScope();
    }

    public void Dispose()
    {
        _features?.Dispose();
        _trunk?.Dispose();
    }

    private static HashNet MakeTrunk()
    {
        var net = new HashNet(TrainingPreset.WarmStart.Network);
        TrunkWeights.Fill(net, TrainSettings.ImageNet);
        return net;
    }
}
