using System.Diagnostics;
using System.Text.Json;
using HashGrid.Model;
using HashGrid.Model.Imaging;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>What a picture costs each system, measured for all of them one after the other when the cells are done; feature-times.json keeps it.</summary>
internal static class FeatureTimes
{
    private const int Pictures = 20;
    private const string FileName = "feature-times.json";

    /// <summary>Milliseconds by system from decoded pixels to a code: the median over single pictures on one thread, in the encoder that the service uses. Delete the file to measure again.</summary>
    public static IReadOnlyDictionary<string, double> Of(ReproSettings settings, string folder, Workbench bench)
    {
        string path = Path.Combine(folder, FileName);
        if (File.Exists(path))
            return JsonSerializer.Deserialize<Dictionary<string, double>>(File.ReadAllBytes(path), ReproSettings.Layout)!;
        int[] chosen = [.. bench.Split(1).HeldOut.Take(Pictures)];
        Dictionary<string, double> times = ReproCell.Plan(settings).Where(cell => cell.Split == 1 && cell.Widths.Contains(settings.MainBits))
            .ToDictionary(cell => cell.System.Id, cell => Measure(cell.WeightsIn(folder), bench, chosen));
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(times, ReproSettings.Layout));
        return times;
    }

    private static double Measure(string weights, Workbench bench, int[] chosen)
    {
        using HashEncoder encoder = HashEncoder.Load(weights, new HashEncoderOptions { Device = "cpu", Threads = 1 });
        int side = encoder.Identity.InputSize;
        ulong[] code = new ulong[encoder.WordsPerCode];
        float[] pixels = new float[side * side];
        var times = new List<double>();
        foreach (int position in chosen.Prepend(chosen[0]))
        {
            ImageReader.Decode(File.ReadAllBytes(bench.Images[position].Path), side, pixels);
            long begun = Stopwatch.GetTimestamp();
            encoder.Encode(pixels, 1, code);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }
        double[] sorted = [.. times.Skip(1).Order()]; // the first warms up
        return sorted[sorted.Length / 2];
    }
}
