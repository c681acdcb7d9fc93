using System.Text.Json;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>Milliseconds by system, measured once and kept in a file; delete it to measure again.</summary>
internal static class KeptTimes
{
    public static IReadOnlyDictionary<string, double> Of(string path, Func<Dictionary<string, double>> measure)
    {
        if (File.Exists(path))
            return JsonSerializer.Deserialize<Dictionary<string, double>>(File.ReadAllBytes(path), ReproSettings.Layout)!;
        Dictionary<string, double> times = measure();
        File.WriteAllBytes(path + ".tmp", JsonSerializer.SerializeToUtf8Bytes(times, ReproSettings.Layout));
        File.Move(path + ".tmp", path, overwrite: true);
        return times;
    }

    public static double Median(IReadOnlyCollection<double> times) => times.Order().ElementAt(times.Count / 2);
}
