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
            rows.Add(Row(asked[query], found.AsSpan(0, count), stored));
        }
        Sheet(stored).Write(path, rows, title);
    }

    /// <summary>One query and what was found; a match's name is the path of its picture, for file names repeat: nearly all of CheXpert's are view1_frontal.jpg.</summary>
    public static Retrieval Row(LabelledImage query, ReadOnlySpan<Neighbor> found, LabelledImage[] stored)
    {
        var matches = new List<SearchMatch>();
        foreach (Neighbor one in found)
            matches.Add(new SearchMatch(one.Id, one.Distance, stored[(int)one.Id].Labels, stored[(int)one.Id].Path, default));
        return new Retrieval(Sample(query, IsRepeated(query, stored)), matches);
    }

    /// <summary>The sheet that finds those pictures.</summary>
    public static RetrievalSheet Sheet(LabelledImage[] stored)
    {
        HashSet<string> repeated = [.. stored.GroupBy(image => Path.GetFileName(image.Path)).Where(group => group.Count() > 1).Select(group => group.Key)];
        return new RetrievalSheet(stored.DistinctBy(image => image.Path).ToDictionary(image => image.Path, image => Sample(image, repeated.Contains(Path.GetFileName(image.Path)))));
    }

    private static bool IsRepeated(LabelledImage image, LabelledImage[] others) => others.Any(other => Path.GetFileName(other.Path) == Path.GetFileName(image.Path));

    /// <summary>Named by its file, or by its two folders (patient and study) where file names repeat.</summary>
    private static Sample Sample(LabelledImage image, bool repeated)
    {
        var sample = new Sample(image.Path, [.. image.Labels], image.Patient, "", false);
        string[] folders = Path.GetDirectoryName(image.Path)!.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
        return repeated ? sample with { Title = string.Join('/', folders.TakeLast(2)) } : sample;
    }
}
