using HashGrid.Index.Planning;

namespace HashGrid.Index.Tests.Planning;

public sealed class SearchHistoryTests
{
    [Test]
    public void Choose_NothingKnown_Asks() => Assert.That(new SearchHistory().Choose(0, scanTicks: 1), Is.EqualTo(SearchWay.Ask));

    [Test]
    public void Choose_OneWayIsQuickest_TakesItNearlyAlways()
    {
        int[] taken = Run(new SearchHistory(), kind: 3, [125, 100, 130, 400], searches: 3200);

        Assert.That(taken[(int)SearchWay.Buckets], Is.GreaterThan(2600));
        Assert.That(taken, Has.All.GreaterThan(0), "the others are tried all the same");
    }

    [Test]
    public void Choose_OtherWaysAreFarSlower_CostNoMoreThanTheirShare()
    {
        const int Searches = 10_000, Fast = 10, Slow = 2000;
        int[] taken = Run(new SearchHistory(), kind: 0, [Fast, Slow, Slow, Slow], Searches, scanTicks: Slow);

        Assert.That((taken[1] + taken[2]) * Slow, Is.LessThan(Searches * Fast / 4), "each gets a 16th of the time at first, and at least one search");
        Assert.That(taken[(int)SearchWay.Scan], Is.Zero, "a scan that must be slow is not tried even once");
    }

    [Test]
    public void Choose_CodesBecomeClustered_TakesTheNewWay()
    {
        var history = new SearchHistory();
        _ = Run(history, kind: 0, [125, 100, 120, 400], searches: 3200);
        int[] taken = Run(history, kind: 0, [25, 100, 20, 400], searches: 6400);

        Assert.That(taken[(int)SearchWay.Clusters], Is.GreaterThan(3200));
    }

    [Test]
    public void NoteTime_ThreadLostItsCore_ChangesNothingForLong()
    {
        var history = new SearchHistory();
        _ = Run(history, kind: 0, [90, 100, 120, 200], searches: 1000);
        history.NoteTime(0, SearchWay.Ask, 4_000_000);
        int[] taken = Run(history, kind: 0, [90, 100, 120, 200], searches: 1000);

        Assert.That(taken[(int)SearchWay.Ask], Is.GreaterThan(700));
    }

    [Test]
    public void LikelyLimit_AfterAnswers_LiesJustBeyondTheirMean()
    {
        var history = new SearchHistory();
        Assert.That(history.LikelyLimit(1), Is.EqualTo(int.MaxValue), "nothing is known yet");
        for (int i = 0; i < 200; i++) history.NoteLimit(1, i % 2 == 0 ? 8 : 10);

        Assert.That(history.LikelyLimit(1), Is.InRange(10, 11));
    }

    [Test]
    public void Kind_OfNearestAndRange_AreApart()
    {
        var nearest = new Collector(new Neighbor[10], 64, default);
        var more = new Collector(new Neighbor[1000], 64, default);
        var range = new Collector(new Neighbor[10], 12, default(CollectorRules) with { CountsMore = true });

        Assert.That(new[] { SearchHistory.Kind(nearest), SearchHistory.Kind(more), SearchHistory.Kind(range) }, Is.Unique);
    }

    [Test]
    public void NearestSearch_OverlappingCodes_LearnsAndAnswersTheSame()
    {
        const int Count = 60_000, K = 10;
        var random = new Random(5);
        var codes = new ulong[Count];
        var centres = new ulong[300];
        for (int i = 0; i < centres.Length; i++) centres[i] = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
        for (int i = 0; i < Count; i++)
        {
            ulong noise = (ulong)(random.NextInt64() & random.NextInt64()); // a bit in four
            codes[i] = centres[(int)(centres.Length * Math.Pow(random.NextDouble(), 3))] ^ noise;
        }
        using HammingIndex index = HammingIndex.Build(new CodeWidth(64), [], codes, new HammingIndexOptions { Structures = IndexStructures.All });
        var first = new Neighbor[K];
        var later = new Neighbor[K];
        var scanned = new Neighbor[K];
        for (int round = 0; round < 3; round++)
        {
            for (int query = 0; query < 60; query++)
            {
                ReadOnlySpan<ulong> code = [codes[query * 31] ^ 0x1010_0000_0404UL];
                index.NearestSearch(code, round == 0 ? first : later);
                index.NearestSearch(code, scanned, new SearchOptions { Engine = SearchEngine.Scan });
                Assert.That(round == 0 ? first : later, Is.EqualTo(scanned), $"query {query} in round {round}");
            }
        }
    }

    private static int[] Run(SearchHistory history, int kind, long[] ticks, int searches, double scanTicks = 0)
    {
        int[] taken = new int[ticks.Length];
        for (int i = 0; i < searches; i++)
        {
            SearchWay way = history.Choose(kind, scanTicks);
            taken[(int)way]++;
            history.NoteTime(kind, way, ticks[(int)way]);
        }
        return taken;
    }
}
