using HashGrid.Model.Datasets;
using HashGrid.Model.Imaging;
using static TorchSharp.torch;

namespace HashGrid.Model.Training;

/// <summary>Decoded pictures and their label matrix, in memory: S² bytes a picture.</summary>
public sealed class PictureSet
{
    private readonly byte[][] _pixels;

    private PictureSet(IReadOnlyList<LabelledImage> images, byte[][] pixels, int size) => (Images, _pixels, Size) = (images, pixels, size);

    /// <summary>What the pictures are.</summary>
    public IReadOnlyList<LabelledImage> Images { get; }

    /// <summary>Side in pixels.</summary>
    public int Size { get; }

    /// <summary>Decodes every picture.</summary>
    /// <exception cref="DatasetException">A picture is missing or cannot be read; the message names it.</exception>
    public static PictureSet Load(IReadOnlyList<LabelledImage> images, int size, int threads = 0, CancellationToken cancellation = default)
    {
        byte[][] pixels = new byte[images.Count][];
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
                    throw new DatasetException($"picture '{images[i].Path}' cannot be read: {failure.Message}", failure);
                }
                pixels[i] = Array.ConvertAll(grey, value => (byte)Math.Round(value * 255));
            });
        }
        catch (AggregateException failures) when (failures.InnerExceptions.OfType<DatasetException>().FirstOrDefault() is { } first)
        {
            throw first;
        }
        return new PictureSet(images, pixels, size);
    }

    /// <summary>Grey 0..1 [n, S, S] of the chosen pictures.</summary>
    public Tensor Pixels(ReadOnlySpan<int> chosen)
    {
        byte[] block = new byte[chosen.Length * Size * Size];
        for (int i = 0; i < chosen.Length; i++)
            _pixels[chosen[i]].CopyTo(block, i * Size * Size);
        return tensor(block, [chosen.Length, Size, Size]).to_type(ScalarType.Float32) / 255;
    }

    /// <summary>Labels [N, C] of 0 and 1, and where they are known [N, C].</summary>
    public (Tensor Labels, Tensor Known) LabelMatrix(IReadOnlyList<string> classes)
    {
        float[,] labels = new float[Images.Count, classes.Count], known = new float[Images.Count, classes.Count];
        for (int i = 0; i < Images.Count; i++)
            for (int c = 0; c < classes.Count; c++)
            {
                labels[i, c] = Images[i].Labels.Contains(classes[c]) ? 1 : 0;
                known[i, c] = Images[i].Unknown.Contains(classes[c]) ? 0 : 1;
            }
        return (tensor(labels), tensor(known));
    }
}
