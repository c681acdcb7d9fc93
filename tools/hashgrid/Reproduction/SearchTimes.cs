using System.Diagnostics;
using HashGrid.CommandLine.Inputs;
using HashGrid.Index;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>What a search costs with the codes of each system, measured for all of them together when the cells are done; search-times.json keeps it.</summary>
internal static class SearchTimes
{
    private const int Rounds = 400, WarmUp = 100, Neighbors = 10;

    /// <summary>Milliseconds by system of one exact search for ten neighbours on one thread, in the first split's database at the tables' width.</summary>
    public static IReadOnlyDictionary<string, double> Of(ReproSettings settings, string folder) =>
        KeptTimes.Of(Path.Combine(folder, "search-times.json"), () => Measure(
            new CodeWidth(settings.MainBits),
            [.. ReproCell.Plan(settings).Where(cell => cell.Split == 1 && !cell.System.IsAblation && cell.Widths.Contains(settings.MainBits)).Select(cell => (cell.System.Id, cell.StoredIn(folder), cell.AskedIn(folder)))]));

    /// <summary>
    /// Search by search through every system in turn, each round beginning with another: what else the machine does, and what the processor has warmed up for, then meets all of them alike.
    /// </summary>
    /// <param name="width">Of every code.</param>
    /// <param name="systems">Name, file of the stored codes, file of the queries' codes.</param>
    public static Dictionary<string, double> Measure(CodeWidth width, IReadOnlyList<(string System, string Stored, string Asked)> systems)
    {
        var indexes = new List<HammingIndex>();
        try
        {
            indexes.AddRange(systems.Select(one => HammingIndex.Build(width, [], CodeFile.Read(one.Stored, width))));
            ulong[][] queries = [.. systems.Select(one => CodeFile.Read(one.Asked, width))];
            List<double>[] times = [.. systems.Select(_ => new List<double>())];
            var found = new Neighbor[Neighbors];
            for (int round = 0; round < WarmUp + Rounds; round++)
                for (int turn = 0; turn < systems.Count; turn++)
                {
                    int at = (round + turn) % systems.Count, query = round % (queries[at].Length / width.Words);
                    long begun = Stopwatch.GetTimestamp();
                    indexes[at].NearestSearch(queries[at].AsSpan(query * width.Words, width.Words), found);
                    if (round >= WarmUp)
                        times[at].Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                }
            return systems.Select((one, at) => (one.System, KeptTimes.Median(times[at]))).ToDictionary();
        }
        finally
        {
            indexes.ForEach(index => index.Dispose());
        }
    }
}
