using HashGrid.Client;
using HashGrid.CommandLine.Demo;
using HashGrid.CommandLine.Evaluation;
using HashGrid.Index;
using HashGrid.Model;
using HashGrid.Model.Datasets;

namespace HashGrid.CommandLine.Reproduction.Pictures;

/// <summary>Figure 4: queries of the first split and their five nearest, by the codes of one system.</summary>
internal static class Sheets
{
    private const int Queries = 3, Nearest = 5;

    /// <summary>Draws the first query of each of the most frequent sets of labels.</summary>
    public static async Task DrawAsync(string path, string weights, int bits, string title, Workbench bench, CancellationToken ct)
    {
        (int[] train, int[] heldOut) = bench.Split(1);
        LabelledImage[] stored = [.. train.Select(i => bench.Images[i])];
        LabelledImage[] asked = [.. heldOut.Select(i => bench.Images[i])
            .Where(image => image.Labels.Count > 0).GroupBy(image => string.Join('|', image.Labels)).OrderByDescending(group => group.Count()).Take(Queries).Select(group => group.First())];
        using PictureCodes encoder = PictureCodes.Load(weights, new HashEncoderOptions { Device = "cpu" });
        var width = new CodeWidth(bits);
        ulong[] database = await encoder.EncodeAsync(stored, bits, "Encoding the database for its sheet", ct);
        using HammingIndex index = HammingIndex.Build(width, [], database);
        ulong[] codes = await encoder.EncodeAsync(asked, bits, "Encoding the queries", ct);
        var found = new Neighbor[Nearest];
        var rows = new List<Retrieval>();
        for (int query = 0; query < asked.Length; query++)
        {
            int count = index.NearestSearch(codes.AsSpan(query * width.Words, width.Words), found).Count;
            rows.Add(new Retrieval(Sample(asked[query]), [.. found.Take(count).Select(one => new SearchMatch(one.Id, one.Distance, stored[(int)one.Id].Labels, Path.GetFileName(stored[(int)one.Id].Path), default))]));
        }
        new RetrievalSheet(stored.DistinctBy(image => Path.GetFileName(image.Path)).ToDictionary(image => Path.GetFileName(image.Path), Sample)).Write(path, rows, title);
    }

    private static Sample Sample(LabelledImage image) => new(image.Path, [.. image.Labels], image.Patient, "", false);
}
