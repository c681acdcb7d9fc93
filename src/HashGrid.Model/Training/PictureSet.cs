using System.Security.Cryptography;
using System.Text;
using HashGrid.Model.Datasets;
using HashGrid.Model.Imaging;
using static TorchSharp.torch;

namespace HashGrid.Model.Training;

/// <summary>Decoded pictures and their label matrix: S² bytes a picture, in memory or in a file.</summary>
public sealed class PictureSet
{
    private readonly Action<int, Memory<byte>> _read;

    private PictureSet(IReadOnlyList<LabelledImage> images, Action<int, Memory<byte>> read, int size) => (Images, _read, Size) = (images, read, size);

    /// <summary>What the pictures are.</summary>
    public IReadOnlyList<LabelledImage> Images { get; }

    /// <summary>Side in pixels.</summary>
    public int Size { get; }

    /// <summary>Decodes every picture, unless a file holds them already.</summary>
    /// <param name="images">In the order of the set.</param>
    /// <param name="size">Side in pixels.</param>
    /// <param name="threads">0: one a core.</param>
    /// <param name="cancellation">Stops between pictures.</param>
    /// <param name="cachePath">Keeps the decoded pictures in this file, made anew when the list or a picture changes; null: in memory.</param>
    /// <param name="decoded">Called after each picture, by any thread.</param>
    /// <exception cref="DatasetException">A picture is missing or cannot be read; the message names it.</exception>
    public static PictureSet Load(
        IReadOnlyList<LabelledImage> images, int size, int threads = 0, CancellationToken cancellation = default, string? cachePath = null, Action? decoded = null)
    {
        void DecodeAll(Action<int, byte[]> keep) => Decode(images, size, threads, cancellation, (i, row) =>
        {
            keep(i, row);
            decoded?.Invoke();
        });
        if (cachePath is not null)
        {
            byte[] identity = Identity(images);
            RowFile rows = RowFile.Open(cachePath, identity, images.Count, size * size) ?? RowFile.Create(cachePath, identity, images.Count, size * size, keep => DecodeAll((i, row) => keep(i, row)));
            return new PictureSet(images, (i, to) => rows.Read(i, to.Span), size);
        }
        byte[][] pixels = new byte[images.Count][];
        DecodeAll((i, row) => pixels[i] = row);
        return new PictureSet(images, (i, to) => pixels[i].CopyTo(to), size);
    }

    /// <summary>Some of the pictures, in the order given.</summary>
    public PictureSet Select(IEnumerable<int> pictures)
    {
        int[] chosen = [.. pictures];
        return new PictureSet(Array.ConvertAll(chosen, i => Images[i]), (i, to) => _read(chosen[i], to), Size);
    }

    /// <summary>Grey 0..1 [n, S, S] of the chosen pictures.</summary>
    public Tensor Pixels(ReadOnlySpan<int> chosen, Device? device = null)
    {
        byte[] block = new byte[chosen.Length * Size * Size];
        for (int i = 0; i < chosen.Length; i++)
            _read(chosen[i], block.AsMemory(i * Size * Size, Size * Size));
        using Tensor white = tensor(255f, device: device);
        return tensor(block, [chosen.Length, Size, Size]).to(device ?? CPU).to_type(ScalarType.Float32) / white;
    }

    /// <summary>Labels [N, C] of 0 and 1, and where they are known [N, C].</summary>
    public (Tensor Labels, Tensor Known) LabelMatrix(IReadOnlyList<string> classes, Device? device = null)
    {
        float[,] labels = new float[Images.Count, classes.Count], known = new float[Images.Count, classes.Count];
        for (int i = 0; i < Images.Count; i++)
            for (int c = 0; c < classes.Count; c++)
            {
                labels[i, c] = Images[i].Labels.Contains(classes[c]) ? 1 : 0;
                known[i, c] = Images[i].Unknown.Contains(classes[c]) ? 0 : 1;
            }
        return (tensor(labels, device: device), tensor(known, device: device));
    }

    /// <summary>Changes when a picture is added, replaced or moved: its path, length and time of change enter.</summary>
    internal static byte[] Identity(IReadOnlyList<LabelledImage> images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (LabelledImage image in images)
        {
            var file = new FileInfo(image.Path);
            hash.AppendData(Encoding.UTF8.GetBytes($"{image.Path}\n{(file.Exists ? file.Length : 0)}\n{(file.Exists ? file.LastWriteTimeUtc.Ticks : 0)}\n"));
        }
        return hash.GetHashAndReset();
    }

    private static void Decode(IReadOnlyList<LabelledImage> images, int size, int threads, CancellationToken cancellation, Action<int, byte[]> keep)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount, CancellationToken = cancellation };
        try
        {
            Parallel.For(0, images.Count, parallel, i =>
            {
                float[] grey = new float[size * size];
                try
                {
                    ImageReader.Decode(File.ReadAllBytes(images[i].Path), size, grey);
                }
                catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ImageFormatException)
                {
                    string origin = images[i].Origin.Length == 0 ? "" : $" ({images[i].Origin})";
                    throw new DatasetException($"picture '{images[i].Path}'{origin} cannot be read: {failure.Message}", failure);
                }
                keep(i, Array.ConvertAll(grey, value => (byte)Math.Round(value * 255)));
            });
        }
        catch (AggregateException failures) when (failures.InnerExceptions.OfType<DatasetException>().FirstOrDefault() is { } first)
        {
            throw first;
        }
    }
}
