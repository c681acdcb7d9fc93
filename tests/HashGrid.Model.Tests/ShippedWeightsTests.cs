using System.Numerics;
using HashGrid.Model.Calibration;
using HashGrid.Model.Datasets;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Imaging;

namespace HashGrid.Model.Tests;

public sealed class ShippedWeightsTests
{
    [Test]
    public void Encode_Samples_RetrieveFarBetterThanARandomOrder()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "models", ModelFiles.DefaultName);
        using HashEncoder encoder = HashEncoder.Load(path, new HashEncoderOptions { Device = "cpu" });
        string csv = TestFiles.Sample("labels.csv");
        IReadOnlyList<LabelledImage> database = ImageDatasets.ReadCsv(csv, role: "database"), queries = ImageDatasets.ReadCsv(csv, role: "query");
        ulong[] stored = Encode(encoder, database), asked = Encode(encoder, queries);
        var meter = new RetrievalMeter();
        for (int q = 0; q < queries.Count; q++)
        {
            int[] order = [.. Enumerable.Range(0, database.Count).OrderBy(d => BitOperations.PopCount(stored[d] ^ asked[q]))];
            meter.Add(queries[q].Patient, Array.ConvertAll(order, d => BitOperations.PopCount(stored[d] ^ asked[q])), Array.ConvertAll(order, d => PairLabels.Shared(queries[q], database[d])));
        }
        RetrievalScores scores = meter.Scores();
        Assert.That(scores.MapTieAware, Is.GreaterThan(scores.MapRandom + 0.1));
    }

    [Test]
    public void Calibrate_OnSamples_ChangesFewBits()
    {
        string from = Path.Combine(AppContext.BaseDirectory, "models", ModelFiles.DefaultName), to = Path.Combine(Directory.CreateTempSubdirectory("hashgrid-test-").FullName, "a.safetensors");
        IReadOnlyList<LabelledImage> images = ImageDatasets.ReadCsv(TestFiles.Sample("labels.csv"));
        try
        {
            using HashEncoder exact = HashEncoder.Load(from, new HashEncoderOptions { Device = "cpu", Precision = "float32" });
            Calibrator.Calibrate(from, to, images.Take(30).Select(image => (ReadOnlyMemory<float>)Pixels([image], exact.Identity.InputSize)));
            using HashEncoder bytes = HashEncoder.Load(to, new HashEncoderOptions { Device = "cpu", Precision = "int8" });
            double different = Encode(exact, images).Zip(Encode(bytes, images), (a, b) => BitOperations.PopCount(a ^ b)).Sum();
            Assert.That(different / (images.Count * exact.Identity.Bits), Is.InRange(0.001, 0.06));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(to)!, recursive: true);
        }
    }

    [Test]
    public void Encode_SamplesByEitherDecoder_NoBitDiffers()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "models", ModelFiles.DefaultName);
        using HashEncoder encoder = HashEncoder.Load(path, new HashEncoderOptions { Device = "cpu", Precision = "float32" });
        IReadOnlyList<LabelledImage> images = ImageDatasets.ReadCsv(TestFiles.Sample("labels.csv"));
        int side = encoder.Identity.InputSize;
        float[] pixels = new float[images.Count * side * side];
        for (int i = 0; i < images.Count; i++)
        {
            byte[] file = File.ReadAllBytes(images[i].Path);
            ImageReader.DecodeByLibrary(file, ImageReader.ReadHeader(file), side, pixels.AsSpan(i * side * side, side * side));
        }
        ulong[] codes = new ulong[images.Count * encoder.WordsPerCode];
        encoder.Encode(pixels, images.Count, codes);
        Assert.That(Encode(encoder, images), Is.EqualTo(codes));
    }

    private static ulong[] Encode(HashEncoder encoder, IReadOnlyList<LabelledImage> images)
    {
        ulong[] codes = new ulong[images.Count * encoder.WordsPerCode];
        encoder.Encode(Pixels(images, encoder.Identity.InputSize), images.Count, codes);
        return codes;
    }

    private static float[] Pixels(IReadOnlyList<LabelledImage> images, int side)
    {
        float[] pixels = new float[images.Count * side * side];
        for (int i = 0; i < images.Count; i++)
            ImageReader.Decode(File.ReadAllBytes(images[i].Path), side, pixels.AsSpan(i * side * side, side * side));
        return pixels;
    }
}
