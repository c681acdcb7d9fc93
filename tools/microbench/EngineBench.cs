using System.Diagnostics;
using System.Runtime.InteropServices;
using HashGrid.Index;

namespace HashGrid.MicroBench;

/// <summary>Times whole searches on raw code files (little-endian 64-bit words, no header), engine by engine.</summary>
internal static class EngineBench
{
    private const string Usage = """
        microbench engines --base FILE --queries FILE --bits N [--k 10] [--within R] [--count 200] [--threads 1] [--rounds 5]
                           [--structures Auto|None|MultiIndex|Clusters|All] [--engines Scan,MultiIndex,Clusters,Auto] [--batch] [--copies] [--cpu]
        One JSON line for the build and one for each engine; times are the best of the rounds;
        --cpu takes processor time of the process instead of time on the clock, for a machine that others use too.
        """;

    public static int Run(string[] args)
    {
        var options = new Dictionary<string, string>();
        for (int i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal)) continue;
            options[args[i]] = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[i + 1] : "";
        }
        if (!options.ContainsKey("--base") || !options.ContainsKey("--queries") || !options.ContainsKey("--bits"))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }
        bool isCpu = options.ContainsKey("--cpu");
        string Get(string name, string fallback) => options.GetValueOrDefault(name, fallback);
        var width = new CodeWidth(int.Parse(Get("--bits", "")));
        ulong[] queries = Read(Get("--queries", ""));
        var structures = Enum.Parse<IndexStructures>(Get("--structures", "All"));
        TimeSpan begin = Now(isCpu);
        int threads = int.Parse(Get("--threads", "1"));
        using FileStream codes = File.OpenRead(Get("--base", ""));
        using HammingIndex index = HammingIndex.Build(width, codes, options: new HammingIndexOptions { Structures = structures, BuildThreads = threads, CopyCodes = options.ContainsKey("--copies") });
        TimeSpan build = Now(isCpu) - begin;
        Console.WriteLine(
            $$"""{"what":"build","data":"{{Path.GetFileName(Get("--base", ""))}}","bits":{{width.Bits}},"n":{{index.Count}},"structures":"{{structures}}","threads":{{threads}},"clock":"{{(isCpu ? "cpu" : "wall")}}","seconds":{{build.TotalSeconds:F2}},"bytes_per_code":{{(double)index.MemoryBytes / index.Count:F2}}}""");
        int k = int.Parse(Get("--k", "10")), radius = int.Parse(Get("--within", "-1")), rounds = int.Parse(Get("--rounds", "5"));
        int count = Math.Min(int.Parse(Get("--count", "200")), queries.Length / width.Words);
        foreach (string name in Get("--engines", "Scan,MultiIndex,Clusters,Auto").Split(','))
        {
            var search = new SearchOptions { Engine = Enum.Parse<SearchEngine>(name), Threads = threads };
            Measure(index, queries.AsSpan(0, count * width.Words), k, radius, rounds, search, options.ContainsKey("--batch"), isCpu);
        }
        return 0;
    }

    private static void Measure(HammingIndex index, ReadOnlySpan<ulong> queries, int k, int radius, int rounds, SearchOptions options, bool isBatch, bool isCpu)
    {
        int words = index.Width.Words, count = queries.Length / words;
        var found = new Neighbor[isBatch ? k * count : k];
        var engines = new Dictionary<SearchEngine, int>();
        double best = double.MaxValue;
        long probes = 0, candidates = 0, results = 0;
        string? reason = null;
        for (int round = 0; round < rounds; round++)
        {
            probes = candidates = results = 0;
            engines.Clear();
            TimeSpan begin = Now(isCpu);
            if (isBatch) Count(index.NearestSearchBatch(queries, k, found, options));
            else
            {
                for (int i = 0; i < count; i++)
                {
                    ReadOnlySpan<ulong> query = queries.Slice(i * words, words);
                    Count(radius < 0 ? index.NearestSearch(query, found, options) : index.RangeSearch(query, radius, found, options));
                }
            }
            best = Math.Min(best, (Now(isCpu) - begin).TotalMilliseconds / count);
        }
        void Count(SearchResult result)
        {
            probes += result.Stats.Probes;
            candidates += result.Stats.Candidates;
            results += result.Count;
            reason = result.Stats.Reason;
            CollectionsMarshal.GetValueRefOrAddDefault(engines, result.Stats.Engine, out _)++;
        }
        string ran = string.Join(' ', engines.Select(pair => $"{pair.Key}:{pair.Value}"));
        Console.WriteLine(
            $$"""{"what":"{{(isBatch ? "batch" : radius < 0 ? "nearest" : "within")}}","engine":"{{options.Engine}}","ran":"{{ran}}","k":{{k}},"radius":{{radius}},"threads":{{options.Threads}},"queries":{{count}},"ms_per_query":{{best:F4}},"probes":{{probes / count}},"candidates":{{candidates / count}},"results":{{(double)results / count:F1}},"reason":"{{reason}}"}""");
    }

    private static TimeSpan Now(bool isCpu) => isCpu ? Environment.CpuUsage.TotalTime : Stopwatch.GetElapsedTime(0);

    private static ulong[] Read(string path)
    {
        var words = new ulong[new FileInfo(path).Length / sizeof(ulong)];
        using FileStream stream = File.OpenRead(path);
        stream.ReadExactly(MemoryMarshal.AsBytes(words.AsSpan()));
        return words;
    }
}
