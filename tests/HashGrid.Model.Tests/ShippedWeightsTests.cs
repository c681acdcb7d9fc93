using System.Numerics;
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
            meter.Add(queries[q].Patient, Array.ConvertAll(order, d => BitOperations.PopCount(stored[d] ^ asked[q])), Array.ConvertAll(order, d => Evaluator.Shared(queries[q], database[d])));
        }
        RetrievalScores scores = meter.Scores();
        Assert.That(scores.MapTieAware, Is.GreaterThan(scores.MapRandom + 0.1));
    }

    private static ulong[] Encode(HashEncoder encoder, IReadOnlyList<LabelledImage> images)
    {
        int side = encoder.Identity.InputSize;
        float[] pixels = new float[images.Count * side * side];
        for (int i = 0; i < images.Count; i++)
            ImageReader.Decode(File.ReadAllBytes(images[i].Path), side, pixels.AsSpan(i * side * side, side * side));
        ulong[] codes = new ulong[images.Count * encoder.WordsPerCode];
        encoder.Encode(pixels, images.Count, codes);
        return codes;
    }
}
