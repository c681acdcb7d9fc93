using CsCheck;
using HashGrid.Index.Planning;
using HashGrid.Index.Scan;
using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests.Oracle;

/// <summary>Random programs of writes and searches, shrunk to the shortest that fails, against brute force.</summary>
[Category("Oracle")]
internal sealed class ProgramOracleTests
{
    private enum Act
    {
        Add,
        Upsert,
        Remove,
        Get,
        Nearest,
        Within,
        SaveAndOpen,
    }

    // Few ids and few distinct codes, so that steps meet each other: conflicts, returns of removed ids, ties.
    private static readonly Gen<(Act Act, ulong Id, int Seed, int Number, SearchEngine Engine, int Filter)> GenStep = Gen.Select(
        Gen.Frequency((8, Gen.Const(Act.Add)), (4, Gen.Const(Act.Upsert)), (3, Gen.Const(Act.Remove)), (2, Gen.Const(Act.Get)), (4, Gen.Const(Act.Nearest)), (4, Gen.Const(Act.Within)), (1, Gen.Const(Act.SaveAndOpen))),
        Gen.ULong[0, 40],
        Gen.Int[0, 30],
        Gen.Int[0, 50],
        Gen.Enum<SearchEngine>(),
        Gen.Int[0, 3]);

    /// <summary>So that a few hundred rows already go through several threads and the common scan of a batch.</summary>
    [OneTimeSetUp]
    public void LowerThresholds() => (Planner.FewestDeferredRows, ScanTeam.WordsPerThread, ScanTeam.RowsPerTurn) = (100, 100, 70);

    [OneTimeTearDown]
    public void RestoreThresholds() => (Planner.FewestDeferredRows, ScanTeam.WordsPerThread, ScanTeam.RowsPerTurn) = (1 << 16, 1 << 20, 1 << 16);

    [Test]
    public void Program_AnyWidthAndSteps_EqualsBruteForce()
    {
        using var folder = new TemporaryFolder();
        Gen.Select(Gen.Int[8, 260], Gen.Int[0, 300], Gen.Enum<IndexStructures>(), Gen.Bool, GenStep.Array[0, 60])
            .Sample((bits, bulk, structures, copyCodes, steps) => Run(folder, new CodeWidth(bits), bulk, structures, copyCodes, steps), iter: 400, threads: 1);
    }

    /// <summary>Larger bulk parts, so that tables have many buckets and clusters many members.</summary>
    [Test]
    public void Search_AnyBulk_EqualsBruteForce() =>
        Gen.Select(Gen.Int[8, 300], Gen.Int[1, 3000], Gen.Int[1, 60], Gen.Int[0, 1000], Gen.Enum<IndexStructures>(), Gen.Select(Gen.Bool, Gen.Bool, Gen.Int[1, 3]))
            .Sample(
                (bits, count, k, seed, structures, rest) =>
                {
                    (bool isClustered, bool copyCodes, int threads) = rest;
                    var width = new CodeWidth(bits);
                    ulong[] codes = isClustered ? CodeGenerator.Clustered(seed, count, width, 5) : CodeGenerator.Uniform(seed, count, width);
                    ulong[] query = isClustered ? CodeGenerator.Clustered(seed, 1, width, 5, stream: 1) : CodeGenerator.Uniform(seed + 1, 1, width);
                    var options = new HammingIndexOptions { Structures = structures, CopyCodes = copyCodes, BuildThreads = 1 };
                    // Bit 0 is on most codes, bit 1 on every tenth, bit 63 on very few, bit 5 on none.
                    ulong[] labels = [.. Enumerable.Range(0, count).Select(i => (i % 3 > 0 ? 1UL : 0) | (i % 10 == 0 ? 2UL : 0) | (i % 500 == 1 ? 1UL << 63 : 0))];
                    using HammingIndex index = HammingIndex.Build(width, [], codes, options, labels);
                    BruteForce oracle = BruteForce.Of(width, codes, labels);
                    for (ulong id = 0; id < (ulong)count; id += 7)
                    {
                        index.Remove(id);
                        oracle.Remove(id);
                    }
                    foreach (SearchEngine engine in Enum.GetValues<SearchEngine>())
                    {
                        // Both filters at once, each alone, none; a small set is looked up id by id, a large one asked.
                        foreach ((Predicate<ulong>? filter, IdSet? among, ulong anyLabel) in ((Predicate<ulong>?, IdSet?, ulong)[])
                        [
                            (null, null, 0), (id => id % 3 == 1, null, 0), (null, Every(2, count, 1), 0), (null, Every(1 + (count / 7), count, 1), 0),
                            (id => id % 3 == 1, Every(2, count, 1UL << 40), 0), (null, null, 1), (null, null, 2), (null, null, 1UL << 63), (null, null, 32), (id => id % 2 == 1, Every(3, count, 1), 3),
                        ])
                        {
                            var search = new SearchOptions { Engine = engine, Filter = filter, Among = among, AnyLabel = anyLabel, Threads = threads };
                            CheckNearest(index, oracle, query, k, search);
                            CheckWithin(index, oracle, query, (bits / 4) + (seed % 5), k, search);
                            CheckBatch(index, oracle, [.. query, .. codes.AsSpan(0, Math.Min(codes.Length, 9 * width.Words))], k, search);
                        }
                    }
                },
                iter: 120,
                threads: 1);

    [Test]
    public void NearestSearch_FilterThrowsOnAnyThread_ReachesTheCallerAndLeavesTheTeamUsable()
    {
        var width = new CodeWidth(64);
        ulong[] codes = CodeGenerator.Uniform(13, 3000, width);
        using HammingIndex index = HammingIndex.Build(width, [], codes, new HammingIndexOptions { Structures = IndexStructures.None });
        BruteForce oracle = BruteForce.Of(width, codes);
        for (ulong bad = 0; bad < 3000; bad += 300)
        {
            ulong thrower = bad;
            var throwing = new SearchOptions { Threads = 3, Filter = id => id == thrower ? throw new InvalidOperationException("mine") : true };
            // Room for all, so that every id is asked about.
            Assert.That(() => index.NearestSearch([5], new Neighbor[3000], throwing), Throws.InvalidOperationException.With.Message.EqualTo("mine"));
            CheckNearest(index, oracle, [5], 20, new SearchOptions { Threads = 3 });
        }
    }

    private static void Run(
        TemporaryFolder folder,
        CodeWidth width,
        int bulk,
        IndexStructures structures,
        bool copyCodes,
        (Act Act, ulong Id, int Seed, int Number, SearchEngine Engine, int Filter)[] steps)
    {
        var options = new HammingIndexOptions { Structures = structures, CopyCodes = copyCodes, BuildThreads = 1 };
        ulong[] codes = CodeGenerator.Clustered(5, bulk, width, 3);
        HammingIndex index = HammingIndex.Build(width, [], codes, options);
        BruteForce oracle = BruteForce.Of(width, codes);
        foreach ((Act act, ulong id, int seed, int number, SearchEngine engine, int filter) in steps)
        {
            ulong[] code = CodeGenerator.Clustered(5, 1, width, 3, stream: seed + 1);
            var search = new SearchOptions
            {
                Engine = engine,
                Filter = filter == 1 ? value => value % 2 == 0 : null,
                Among = seed % 3 == 0 ? Every(3, 30, 1) : null,
                AnyLabel = filter > 1 ? (ulong)seed : 0,
            };
            ulong labels = number < 25 ? 0 : (ulong)number % 8;
            ulong[]? present = oracle.Get(id);
            switch (act)
            {
                case Act.Add:
                    AddResult expected = present is null ? AddResult.Added : present.SequenceEqual(code) && oracle.LabelsOf(id) == labels ? AddResult.Unchanged : AddResult.Conflict;
                    Assert.That(index.Add(id, code, labels), Is.EqualTo(expected));
                    if (present is null) oracle.Set(id, code, labels);
                    break;
                case Act.Upsert:
                    Assert.That(index.Upsert(id, code, labels), Is.EqualTo(present is null));
                    oracle.Set(id, code, labels);
                    break;
                case Act.Remove:
                    Assert.That(index.Remove(id), Is.EqualTo(oracle.Remove(id)));
                    break;
                case Act.Get:
                    var found = new ulong[width.Words];
                    Assert.That(index.TryGet(id, found, out ulong its), Is.EqualTo(present is not null));
                    if (present is not null) Assert.That((found, its), Is.EqualTo((present, oracle.LabelsOf(id))));
                    break;
                case Act.Nearest:
                    CheckNearest(index, oracle, code, number, search);
                    break;
                case Act.Within:
                    CheckWithin(index, oracle, code, Math.Min(width.Bits, seed), number, search);
                    break;
                default:
                    index.Save(folder.File("program"));
                    index.Dispose();
                    index = HammingIndex.Open(folder.File("program"), options);
                    break;
            }
            Assert.That(index.Count, Is.EqualTo(oracle.Count));
        }
        index.Dispose();
    }

    /// <summary>Ids 0, step, 2 × step ... below the count, and one far away, so that some sets are tables.</summary>
    private static IdSet Every(int step, int count, ulong far) =>
        IdSet.Of([.. Enumerable.Range(0, count).Where(id => id % step == 0).Select(id => (ulong)id), ((ulong)count + 5) * far]);

    private static Predicate<ulong> Allowed(SearchOptions search, BruteForce oracle) => id =>
        (search.Among is null || search.Among.Contains(id)) && (search.Filter is null || search.Filter(id)) &&
        (search.AnyLabel == 0 || (oracle.LabelsOf(id) & search.AnyLabel) != 0);

    private static void CheckNearest(HammingIndex index, BruteForce oracle, ulong[] query, int k, SearchOptions search)
    {
        var found = new Neighbor[k];
        int count = index.NearestSearch(query, found, search).Count;
        Assert.That(found[..count], Is.EqualTo(oracle.Nearest(query, k, Allowed(search, oracle))), $"{search.Engine}, k {k}");
    }

    private static void CheckBatch(HammingIndex index, BruteForce oracle, ulong[] queries, int k, SearchOptions search)
    {
        int words = index.Width.Words, count = queries.Length / words;
        var found = new Neighbor[count * k];
        index.NearestSearchBatch(queries, k, found, search);
        for (int i = 0; i < count; i++)
        {
            Neighbor[] expected = oracle.Nearest(queries.AsSpan(i * words, words), k, Allowed(search, oracle));
            Assert.That(found.AsSpan(i * k, k).ToArray(), Is.EqualTo(expected.Concat(Enumerable.Repeat(Neighbor.None, k - expected.Length))), $"{search.Engine}, k {k}, query {i}");
        }
    }

    private static void CheckWithin(HammingIndex index, BruteForce oracle, ulong[] query, int radius, int room, SearchOptions search)
    {
        var found = new Neighbor[room];
        SearchResult result = index.RangeSearch(query, radius, found, search);
        Neighbor[] expected = oracle.Within(query, radius, Allowed(search, oracle));
        Assert.That(found[..result.Count], Is.EqualTo(expected.Take(room)), $"{search.Engine}, radius {radius}");
        Assert.That(result.More, Is.EqualTo(expected.Length > room), $"{search.Engine}, radius {radius}, room {room}");
    }
}
