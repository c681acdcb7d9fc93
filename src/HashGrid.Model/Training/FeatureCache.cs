using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Training;

/// <summary>What the frozen part of a network gives for each view of each picture, in half precision; computed once, since it never changes.</summary>
public sealed class FeatureCache : IDisposable
{
    private readonly List<Tensor> _views = []; // [N, K', H, W] float16; view 0 is the picture itself

    private FeatureCache(Freeze freeze) => Freeze = freeze;

    /// <summary>Which part is frozen.</summary>
    public Freeze Freeze { get; }

    /// <summary>Pictures N.</summary>
    public int Count => (int)_views[0].shape[0];

    /// <summary>Memory that <see cref="Compute"/> would take, in bytes.</summary>
    public static long Bytes(HashNetOptions net, TrainerOptions options, int pictures)
    {
        bool upper = options.Freeze == Freeze.Trunk && net.FeatureStage == 5;
        long channels = net.Trunk == "resnet50" ? net.TrunkWidth * (upper ? 32 : 16) : upper ? 1280 : 96, side = net.InputSize / (upper ? 32 : 16);
        return options.Freeze == Freeze.Nothing ? 0 : 2 * channels * side * side * options.Views * pictures;
    }

    /// <summary>Computes every view; about 10 to 20 ms of a core for each (MobileNetV2).</summary>
    /// <param name="net">Its frozen part is read only.</param>
    /// <param name="pictures">In order.</param>
    /// <param name="options">Which part is frozen, number and kind of views, seed.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    /// <param name="progress">Receives the number of views done so far, of pictures times views.</param>
    public static FeatureCache Compute(HashNet net, PictureSet pictures, TrainerOptions options, CancellationToken cancellation = default, Action<int>? progress = null)
    {
        if (options.Freeze == Freeze.Nothing)
            throw new ArgumentException("nothing is frozen, so nothing can be computed once", nameof(options));
        using IDisposable inference = no_grad();
        (net.Training, net.TrunkTraining) = (false, false);
        var cache = new FeatureCache(options.Freeze);
        for (int view = 0; view < options.Views; view++)
        {
            var random = new Random(unchecked(options.Seed * 1_000_003 + view));
            var blocks = new List<Tensor>();
            foreach (int[] chunk in Enumerable.Range(0, pictures.Images.Count).Chunk(16))
            {
                cancellation.ThrowIfCancellationRequested();
                using DisposeScope scope = NewDisposeScope();
                Tensor pixels = pictures.Pixels(chunk, net.Device);
                if (view > 0)
                    pixels = Augmentation.Apply(pixels, random, options.Rotation, options.Zoom);
                Tensor lower = net.LowerFeatures(net.Prepare(pixels));
                Tensor map = options.Freeze == Freeze.Trunk ? net.UpperFeatures(lower) : lower;
                blocks.Add(map.to_type(ScalarType.Float16).cpu().contiguous().DetachFromDisposeScope());
                progress?.Invoke((view * pictures.Images.Count) + chunk[^1] + 1);
            }
            cache._views.Add(cat(blocks).DetachFromDisposeScope());
            blocks.ForEach(block => block.Dispose());
        }
        return cache;
    }

    /// <summary>The cache of some of the pictures, in the order given.</summary>
    public FeatureCache Select(IEnumerable<int> pictures)
    {
        using Tensor chosen = tensor(pictures.Select(i => (long)i).ToArray());
        var part = new FeatureCache(Freeze);
        foreach (Tensor view in _views)
            part._views.Add(view.index_select(0, chosen).DetachFromDisposeScope());
        return part;
    }

    /// <summary>F [n, K, H, W] of the chosen pictures, each in a random view, or as it is without a generator.</summary>
    public Tensor Map(HashNet net, ReadOnlySpan<int> chosen, Random? random)
    {
        Tensor[] rows = new Tensor[chosen.Length];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = _views[random?.Next(_views.Count) ?? 0][chosen[i]];
        Tensor map = stack(rows).to(net.Device).to_type(ScalarType.Float32);
        return Freeze == Freeze.Trunk ? map : net.UpperFeatures(map);
    }

    /// <summary>Writes the cache (safetensors).</summary>
    public void Save(string path) => Weights.SafetensorsFile.Write(path,
        _views.Select((view, i) => KeyValuePair.Create($"view{i}", Weights.ModelFile.ToEntry(view, half: true))),
        new Dictionary<string, string> { ["freeze"] = Freeze.ToString() });

    /// <summary>Reads a cache that <see cref="Save"/> wrote.</summary>
    /// <exception cref="ModelFileException">The file is no such cache.</exception>
    public static FeatureCache Load(string path)
    {
        (IReadOnlyDictionary<string, Weights.SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata) = Weights.SafetensorsFile.Read(path);
        if (tensors.Count == 0 || !Enum.TryParse(metadata.GetValueOrDefault("freeze"), out Freeze freeze))
            throw new ModelFileException($"'{path}' is no cache of features; delete it to compute it again");
        var cache = new FeatureCache(freeze);
        for (int i = 0; tensors.TryGetValue($"view{i}", out Weights.SafetensorsEntry? entry); i++)
        {
            using Tensor view = Weights.ModelFile.ToTensor(entry, $"view{i}", path);
            cache._views.Add(view.to_type(ScalarType.Float16));
        }
        return cache;
    }

    /// <inheritdoc/>
    public void Dispose() => _views.ForEach(view => view.Dispose());
}
