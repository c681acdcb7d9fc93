using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using HashGrid.Index;
using HashGrid.Model;
using HashGrid.Model.Datasets;
using HashGrid.Model.Evaluation;

namespace HashGrid.CommandLine.Evaluation;

/// <summary>The same pictures in another precision.</summary>
/// <param name="Precision">The other one.</param>
/// <param name="Scores">Retrieval with both queries and database in it.</param>
/// <param name="DifferentBits">Share of all bits that differ.</param>
/// <param name="SameCodes">Share of pictures whose codes are equal.</param>
internal sealed record PrecisionComparison(string Precision, RetrievalScores Scores, double DifferentBits, double SameCodes)
{
    public static async Task<PrecisionComparison> RunAsync(
        string model, HashEncoderOptions options, int bits, (IReadOnlyList<LabelledImage> Images, ulong[] Codes) queries, (IReadOnlyList<LabelledImage> Images, ulong[] Codes) database, RetrievalOptions scoring, CancellationToken ct)
    {
        using PictureCodes encoder = PictureCodes.Load(model, options);
        ulong[] stored = await encoder.EncodeAsync(database.Images, bits, $"Encoding the database in {options.Precision}", ct);
        ulong[] asked = await encoder.EncodeAsync(queries.Images, bits, $"Encoding the queries in {options.Precision}", ct);
        RetrievalScores scores = CodeRetrieval.Score(new CodeWidth(bits), queries.Images, asked, database.Images, stored, ct, scoring);
        ulong[] here = [.. database.Codes, .. queries.Codes], there = [.. stored, .. asked];
        int images = database.Images.Count + queries.Images.Count, words = here.Length / images;
        long different = 0;
        int same = 0;
        for (int image = 0; image < images; image++)
        {
            int own = 0;
            for (int i = image * words; i < (image + 1) * words; i++) own += BitOperations.PopCount(here[i] ^ there[i]);
            different += own;
            same += own == 0 ? 1 : 0;
        }
        return new PrecisionComparison(encoder.Precision, scores, different / ((double)images * bits), same / (double)images);
    }

    public JsonObject ToJson() => new()
    {
        ["precision"] = Precision,
        ["map"] = Scores.Map,
        ["ndcg100"] = Scores.Ndcg100,
        ["p10"] = Scores.PrecisionAt10,
        ["different_bits"] = DifferentBits,
        ["same_codes"] = SameCodes,
    };

    public (string Name, object Value)[] ToFacts()
    {
        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        return
        [
            ($"in {Precision}: mAP", Text($"{Scores.Map:F4}")),
            ($"in {Precision}: nDCG@100", Text($"{Scores.Ndcg100:F4}")),
            ($"in {Precision}: P@10", Text($"{Scores.PrecisionAt10:F4}")),
            ("bits that differ", Text($"{DifferentBits:P2}")),
            ("codes that are equal", Text($"{SameCodes:P1}")),
        ];
    }
}
