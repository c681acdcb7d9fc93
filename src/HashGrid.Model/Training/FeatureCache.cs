using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HashGrid.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Training;

/// <summary>What the frozen part of a network gives for each view of each picture, in half precision, in memory or in a file; computed once, since it never changes.</summary>
public sealed class FeatureCache : IDisposable
{
    private const int Block = 16;
    private readonly ReadRow _read;   // rows: every picture's view 0, which is the picture itself, then every picture's view 1 …
    private readonly int _total;      // pictures of the whole
    private readonly int[] _pictures; // of the whole, in the order of this part
    private readonly int _views;
    private readonly long[] _shape;   // K', H, W
    private readonly RowFile? _file;

    private FeatureCache(Freeze freeze, ReadRow read, int total, int[] pictures, int views, long[] shape, RowFile? file = null) =>
        (Freeze, _read, _total, _pictures, _views, _shape, _file) = (freeze, read, total, pictures, views, shape, file);

    private delegate void ReadRow(long row, Span<byte> to);

    /// <summary>Which part is frozen.</summary>
    public Freeze Freeze { get; }

    /// <summary>Pictures N.</summary>
    public int Count => _pictures.Length;

    /// <summary>Memory, or disk, that <see cref="Compute"/> would take, in bytes.</summary>
    public static long Bytes(HashNetOptions net, TrainerOptions options, int pictures) =>
        options.Freeze == Freeze.Nothing ? 0 : (long)RowBytes(Shape(net, options.Freeze)) * options.Views * pictures;

    /// <summary>Computes every view; about 10 to 20 ms of a core for each (MobileNetV2).</summary>
    /// <param name="net">Its frozen part is read only.</param>
    /// <param name="pictures">In order.</param>
    /// <param name="options">Which part is frozen, number and kind of views, seed.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    /// <param name="progress">Receives the number of views done so far, of pictures times views.</param>
    /// <param name="larger">The same pictures at the side of <see cref="TrainerOptions.CropFrom"/>, for views other than the picture itself; null where that is 0.</param>
    /// <param name="path">Keeps the rows in this file and reads them from there, made anew when a picture, the frozen part or the views change; null: in memory.</param>
    public static FeatureCache Compute(HashNet net, PictureSet pictures, TrainerOptions options, CancellationToken cancellation = default, Action<int>? progress = null, string? path = null, PictureSet? larger = null)
    {
        if (options.Freeze == Freeze.Nothing)
            throw new ArgumentException("nothing is frozen, so nothing can be computed once", nameof(options));
        int count = pictures.Images.Count;
        long[] shape = Shape(net.Options, options.Freeze);
        void MakeAll(Action<long, byte[]> keep) => MakeRows(net, pictures, larger ?? pictures, options, keep, cancellation, progress);
        if (path is not null)
        {
            byte[] identity = Identity(net, pictures, options);
            RowFile file = RowFile.Open(path, identity, (long)count * options.Views, RowBytes(shape)) ?? RowFile.Create(path, identity, (long)count * options.Views, RowBytes(shape), MakeAll);
            return new FeatureCache(options.Freeze, file.Read, count, All(count), options.Views, shape, file);
        }
        byte[][] rows = new byte[(long)count * options.Views][];
        MakeAll((row, bytes) => rows[row] = bytes);
        return new FeatureCache(options.Freeze, (row, to) => rows[row].CopyTo(to), count, All(count), options.Views, shape);
    }

    /// <summary>The cache of some of the pictures, in the order given. It shares the rows, and is of no use after the whole is disposed.</summary>
    public FeatureCache Select(IEnumerable<int> pictures) => new(Freeze, _read, _total, [.. pictures.Select(i => _pictures[i])], _views, _shape);

    /// <summary>F [n, K, H, W] of the chosen pictures, each in a random view, or as it is without a generator.</summary>
    public Tensor Map(HashNet net, ReadOnlySpan<int> chosen, Random? random)
    {
        using Tensor rows = empty([chosen.Length, .. _shape], ScalarType.Float16);
        Span<byte> bytes = rows.bytes;
        int length = RowBytes(_shape);
        for (int i = 0; i < chosen.Length; i++)
            _read(((random?.Next(_views) ?? 0) * (long)_total) + _pictures[chosen[i]], bytes.Slice(i * length, length));
        Tensor map = rows.to(net.Device).to_type(ScalarType.Float32);
        return Freeze == Freeze.Trunk ? map : net.UpperFeatures(map);
    }

    /// <summary>Writes the cache (safetensors); all of it has to fit in memory.</summary>
    public void Save(string path) => SafetensorsFile.Write(path, Enumerable.Range(0, _views).Select(SavedView), new Dictionary<string, string> { ["freeze"] = Freeze.ToString() });

    /// <summary>Reads a cache that <see cref="Save"/> wrote.</summary>
    /// <exception cref="ModelFileException">The file is no such cache.</exception>
    public static FeatureCache Load(string path)
    {
        (IReadOnlyDictionary<string, SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(path);
        SafetensorsEntry[] views = [.. Enumerable.Range(0, tensors.Count).Select(view => tensors.GetValueOrDefault($"view{view}")).OfType<SafetensorsEntry>()];
        if (views.Length == 0 || views.Length != tensors.Count || views.Any(view => view.Type != "F16" || view.Shape.Length != 4 || !view.Shape.SequenceEqual(views[0].Shape))
            || !Enum.TryParse(metadata.GetValueOrDefault("freeze"), out Freeze freeze))
            throw new ModelFileException($"'{path}' is no cache of features; delete it to compute it again");
        int count = (int)views[0].Shape[0], length = RowBytes(views[0].Shape[1..]);
        return new FeatureCache(
            freeze, (row, to) => views[row / count].Data.Span.Slice((int)(row % count) * length, length).CopyTo(to), count, All(count), views.Length, views[0].Shape[1..]);
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static void MakeRows(HashNet net, PictureSet pictures, PictureSet larger, TrainerOptions options, Action<long, byte[]> keep, CancellationToken cancellation, Action<int>? progress)
    {
        using IDisposable inference = no_grad();
        (net.Training, net.TrunkTraining) = (false, false);
        int count = pictures.Images.Count, length = RowBytes(Shape(net.Options, options.Freeze));
        for (int view = 0; view < options.Views; view++)
        {
            var random = new Random(unchecked((options.AugmentationSeed ?? options.Seed) * 1_000_003 + view));
            foreach (int[] chunk in Enumerable.Range(0, count).Chunk(Block))
            {
                cancellation.ThrowIfCancellationRequested();
                using DisposeScope scope = NewDisposeScope();
                Tensor pixels = view == 0 ? pictures.Pixels(chunk, net.Device) : Augmentation.Apply(larger.Pixels(chunk, net.Device), random, options, pictures.Size);
                Tensor lower = net.LowerFeatures(net.Prepare(pixels));
                Tensor map = (options.Freeze == Freeze.Trunk ? net.UpperFeatures(lower) : lower).to_type(ScalarType.Float16).cpu().contiguous();
                for (int i = 0; i < chunk.Length; i++)
                    keep((view * (long)count) + chunk[i], map.bytes.Slice(i * length, length).ToArray());
                progress?.Invoke((view * count) + chunk[^1] + 1);
            }
        }
    }

    private static long[] Shape(HashNetOptions net, Freeze freeze)
    {
        bool upper = freeze == Freeze.Trunk && net.FeatureStage == 5;
        long channels = net.Trunk == "resnet50" ? net.TrunkWidth * (upper ? 32 : 16) : upper ? 1280 : 96, side = net.InputSize / (upper ? 32 : 16);
        return [channels, side, side];
    }

    private static int RowBytes(long[] shape) => checked((int)(2 * shape[0] * shape[1] * shape[2]));

    private static int[] All(int count) => [.. Enumerable.Range(0, count)];

    private KeyValuePair<string, SafetensorsEntry> SavedView(int view)
    {
        int length = RowBytes(_shape);
        byte[] data = new byte[checked(Count * length)];
        for (int i = 0; i < Count; i++)
            _read((view * (long)_total) + _pictures[i], data.AsSpan(i * length, length));
        return KeyValuePair.Create($"view{view}", new SafetensorsEntry("F16", [Count, .. _shape], data));
    }

    /// <summary>Changes with the pictures, the shape and weights of the frozen part, and the views.</summary>
    private static byte[] Identity(HashNet net, PictureSet pictures, TrainerOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(PictureSet.Identity(pictures.Images));
        hash.AppendData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{options.Freeze} {options.Views} {options.AugmentationSeed ?? options.Seed} {options.Rotation:R} {options.Zoom:R} {options.Flip:R} {options.CropFrom} {JsonSerializer.Serialize(net.Options, ModelFile.Json)}\n")));
        foreach (string name in net.Table.Names.Where(name => net.Place(name) is { Trunk: true } place && (options.Freeze == Freeze.Trunk || place.Lower)))
            hash.AppendData(ModelFile.ToEntry(net.Table[name], half: false).Data.Span);
        return hash.GetHashAndReset();
    }
}
