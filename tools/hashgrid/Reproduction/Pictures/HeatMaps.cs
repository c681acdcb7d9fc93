using HashGrid.Model.Attention;
using HashGrid.Model.Datasets;
using HashGrid.Model.Imaging;

namespace HashGrid.CommandLine.Reproduction.Pictures;

/// <summary>Figures 5 and 6: attention of the whole module and of both ablations, drawn, and judged by boxes where there are some.</summary>
internal sealed class HeatMaps(ReproSettings settings, string folder, Workbench bench, IReadOnlyList<FindingBox> boxes)
{
    private const int Drawn = 5, Compared = 40;
    private static readonly string[] Systems = [ReproSystem.Ours, ReproSystem.NoPoints, ReproSystem.NoMax];
    private readonly ILookup<string, FindingBox> _boxes = boxes.ToLookup(box => box.Picture);

    /// <summary>Draws held-out pictures of the first split, those with boxes first.</summary>
    public void Draw(string path, string[] titles)
    {
        LabelledImage[] chosen = [.. bench.Split(1).HeldOut.Select(i => bench.Images[i])
            .OrderByDescending(image => Boxes(image).Length > 0).ThenByDescending(image => image.Labels.Any(label => label != LabelledImage.NoFinding)).Take(Drawn)];
        var maps = chosen.Select(_ => new List<AttentionMap>()).ToArray();
        foreach (string system in Systems)
        {
            using AttentionReader reader = AttentionReader.Load(Weights(system, 1));
            foreach ((int i, LabelledImage image) in chosen.Index())
                maps[i].Add(reader.Read(Pixels(image, reader.Identity.InputSize)));
        }
        HeatSheet.Write(path, titles, [.. chosen.Select((image, i) => (image.Path, $"{Path.GetFileName(image.Path)}: {string.Join(", ", image.Labels)}", Boxes(image), maps[i].ToArray()))]);
    }

    /// <summary>By system, over held-out pictures of the first split: how alike their maps are, and what share of all places is saturated.</summary>
    public IReadOnlyList<(string System, double Sameness, double Saturated)> Alike()
    {
        LabelledImage[] chosen = [.. bench.Split(1).HeldOut.Take(Compared).Select(i => bench.Images[i])];
        return [.. Systems.Select(system =>
        {
            using AttentionReader reader = AttentionReader.Load(Weights(system, 1));
            AttentionMap[] maps = [.. chosen.Select(image => reader.Read(Pixels(image, reader.Identity.InputSize)))];
            return (system, AttentionMap.Sameness(maps), AttentionMap.Saturated(maps));
        })];
    }

    /// <summary>Every boxed picture by the networks of every split: no training has seen a box, though it may have seen the picture.</summary>
    public IReadOnlyList<(string System, Localisation Judged)> Judge()
    {
        LabelledImage[] boxed = [.. bench.Images.Where(image => Boxes(image).Length > 0)];
        return [.. Systems.Select(system =>
        {
            var judged = new Localisation();
            foreach (int split in Enumerable.Range(1, settings.Splits).Where(split => Systems.All(one => File.Exists(Weights(one, split)))))
            {
                using AttentionReader reader = AttentionReader.Load(Weights(system, split));
                foreach (LabelledImage image in boxed)
                {
                    AttentionMap map = reader.Read(Pixels(image, reader.Identity.InputSize));
                    foreach (FindingBox box in Boxes(image))
                        judged.Add(split, image.Patient, box, map);
                }
            }
            return (system, judged);
        })];
    }

    private FindingBox[] Boxes(LabelledImage image) => [.. _boxes[Path.GetFileNameWithoutExtension(image.Path)]];

    private string Weights(string system, int split) => new ReproCell(ReproSystem.Of(system), split, settings.Bits[^1], settings.Bits).WeightsIn(folder);

    private static float[] Pixels(LabelledImage image, int side)
    {
        float[] pixels = new float[side * side];
        ImageReader.Decode(File.ReadAllBytes(image.Path), side, pixels);
        return pixels;
    }
}
