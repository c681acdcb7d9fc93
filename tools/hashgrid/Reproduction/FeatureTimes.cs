using System.Diagnostics;
using HashGrid.Model;
using HashGrid.Model.Imaging;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>What a picture costs each system, measured for all of them one after the other when the cells are done; feature-times.json keeps it.</summary>
internal static class FeatureTimes
{
    private const int Pictures = 20;

    /// <summary>Milliseconds by system from decoded pixels to a code: the median over single pictures on one thread, in the encoder that the service uses.</summary>
    public static IReadOnlyDictionary<string, double> Of(ReproSettings settings, string folder, Workbench bench) => KeptTimes.Of(Path.Combine(folder, "feature-times.json"), () =>
    {
        int[] chosen = [.. bench.Split(1).HeldOut.Take(Pictures)];
        var encoders = new Dictionary<string, HashEncoder>();
        try
        {
            foreach (ReproCell cell in ReproCell.Plan(settings).Where(cell => cell.Split == 1 && cell.Widths.Contains(settings.MainBits)))
                encoders.Add(cell.System.Id, HashEncoder.Load(cell.WeightsIn(folder), new HashEncoderOptions { Device = "cpu", Threads = 1 }));
            return Measure(encoders, [.. chosen.Select(position => bench.Images[position].Path)]);
        }
        finally
        {
            foreach (HashEncoder encoder in encoders.Values)
                encoder.Dispose();
        }
    });

    /// <summary>Picture by picture through every encoder in turn: what else the machine does then meets all of them alike.</summary>
    private static Dictionary<string, double> Measure(Dictionary<string, HashEncoder> encoders, string[] pictures)
    {
        var times = encoders.Keys.ToDictionary(system => system, _ => new List<double>());
        foreach ((int round, string picture) in pictures.Prepend(pictures[0]).Index())
        {
            byte[] file = File.ReadAllBytes(picture);
            foreach ((string system, HashEncoder encoder) in encoders)
            {
                int side = encoder.Identity.InputSize;
                float[] pixels = new float[side * side];
                ulong[] code = new ulong[encoder.WordsPerCode];
                ImageReader.Decode(file, side, pixels);
                long begun = Stopwatch.GetTimestamp();
                encoder.Encode(pixels, 1, code);
                if (round > 0) // the first warms up
                    times[system].Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }
        }
        return times.ToDictionary(one => one.Key, one => KeptTimes.Median(one.Value));
    }
}
