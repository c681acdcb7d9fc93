using System.Diagnostics;
using HashGrid.CommandLine.Evaluation;
using HashGrid.Index;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>What a search costs. The median: anything else on the machine only slows.</summary>
internal static class CellTiming
{
    private const int Searches = 200, Neighbors = 10;

    /// <summary>Milliseconds of one exact search for ten neighbours on one thread.</summary>
    public static double Retrieval(CodeWidth width, float[] stored, float[] asked)
    {
        using HammingIndex index = HammingIndex.Build(width, [], CodePacking.Pack(stored, width));
        ulong[] queries = CodePacking.Pack(asked, width);
        int count = queries.Length / width.Words;
        var found = new Neighbor[Neighbors];
        var times = new List<double>();
        for (int i = 0; i < Searches; i++)
        {
            long begun = Stopwatch.GetTimestamp();
            index.NearestSearch(queries.AsSpan(i % count * width.Words, width.Words), found);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }
        return Median(times.Skip(Searches / 4));
    }

    private static double Median(IEnumerable<double> times)
    {
        double[] sorted = [.. times.Order()];
        return sorted[sorted.Length / 2];
    }
}
