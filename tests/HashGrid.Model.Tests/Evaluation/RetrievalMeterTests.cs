using HashGrid.Model.Evaluation;

namespace HashGrid.Model.Tests.Evaluation;

public sealed class RetrievalMeterTests
{
    [Test]
    public void Scores_NoTies_AreTheValuesByHand()
    {
        RetrievalScores scores = One([1, 2, 3, 4], [1, 0, 2, 0]);
        Assert.Multiple(() =>
        {
            Assert.That(scores.Map, Is.EqualTo((1 + 2.0 / 3) / 2).Within(1e-12));
            Assert.That(scores.MapTieAware, Is.EqualTo(scores.Map).Within(1e-12));
            Assert.That(scores.Ndcg100, Is.EqualTo((1 + 3 / 2.0) / (3 + 1 / Math.Log2(3))).Within(1e-12));
            Assert.That(scores.PrecisionAt10, Is.EqualTo(0.5));
        });
    }

    [Test]
    public void Scores_LinearGain_CountsSharedLabelsOnce()
    {
        var meter = new RetrievalMeter(linearGain: true);
        meter.Add("a", [1, 2, 3], [1, 0, 3]);
        Assert.That(meter.Scores().Ndcg100, Is.EqualTo((1 + 3 / 2.0) / (3 + 1 / Math.Log2(3))).Within(1e-12));
    }

    [Test]
    public void Scores_CutOff_DividesByWhatCouldBeThereOrByWhatWasFound()
    {
        // 12 relevant: 2 among the first 10 (ranks 1 and 4), 10 from rank 101 on.
        int[] shared = new int[110];
        (shared[0], shared[3]) = (1, 1);
        shared.AsSpan(100).Fill(1);
        RetrievalScores scores = One([.. Enumerable.Range(0, 110)], shared);
        Assert.That(scores.MapAt10, Is.EqualTo((1 + 2 / 4.0) / 10).Within(1e-12));
        Assert.That(scores.MapAt100Found, Is.EqualTo((1 + 2 / 4.0) / 2).Within(1e-12));
    }

    [Test]
    public void Scores_Ties_AreTheMeanOverEveryOrder()
    {
        int[] distances = [0, 1, 1, 1, 2, 2], shared = [0, 1, 0, 2, 1, 0];
        double map = 0, ndcg = 0;
        int orders = 0;
        foreach (int[] middle in Permutations([1, 0, 2]))
            foreach (int[] last in Permutations([1, 0]))
            {
                RetrievalScores one = One([0, 1, 2, 3, 4, 5], [0, .. middle, .. last]);
                (map, ndcg, orders) = (map + one.Map, ndcg + one.Ndcg100, orders + 1);
            }
        RetrievalScores tied = One(distances, shared);
        Assert.That(tied.MapTieAware, Is.EqualTo(map / orders).Within(1e-12));
        Assert.That(tied.Ndcg100TieAware, Is.EqualTo(ndcg / orders).Within(1e-12));
        Assert.That(tied.Map, Is.EqualTo(One([0, 1, 2, 3, 4, 5], shared).Map).Within(1e-12), "ties by position");
    }

    [Test]
    public void Scores_AllTied_TieAwareIsRandom()
    {
        RetrievalScores scores = One([3, 3, 3, 3, 3], [1, 0, 0, 1, 0]);
        Assert.That(scores.MapTieAware, Is.EqualTo(scores.MapRandom).Within(1e-12));
        double mean = Permutations([1, 0, 0, 1, 0]).Average(order => One([0, 1, 2, 3, 4], order).Map);
        Assert.That(scores.MapRandom, Is.EqualTo(mean).Within(1e-12));
    }

    [Test]
    public void Scores_TiesAcrossRank100_CountThePlacesBeforeTheCutAlone()
    {
        // 98 items at distance 0: the first shares one label, the others none. Then a tie over ranks 99 to 102: one shares two labels (gain 3), one a single label (gain 1), two none.
        // Of the four places two lie before the cut: each holds (3 + 1) / 4 = 1 on average, so the tie is worth 1/log2(100) + 1/log2(101). Ideal: 3, 1 and 1 at ranks 1, 2, 3.
        int[] distances = new int[102], shared = new int[102];
        distances.AsSpan(98).Fill(1);
        (shared[0], shared[99], shared[101]) = (1, 1, 2);
        double ideal = 3 + 1 / Math.Log2(3) + 1 / Math.Log2(4);

        RetrievalScores scores = One(distances, shared);

        // All 98 at distance 0 are tied as well: the first one's gain of 1 spreads over their places.
        double first = Enumerable.Range(1, 98).Sum(rank => 1 / Math.Log2(rank + 1)) / 98;
        Assert.That(scores.Ndcg100TieAware, Is.EqualTo((first + 1 / Math.Log2(100) + 1 / Math.Log2(101)) / ideal).Within(1e-12));
        Assert.That(scores.Ndcg100, Is.EqualTo((1 + 1 / Math.Log2(101)) / ideal).Within(1e-12), "by position only the single label at rank 100 is before the cut");
    }

    [Test]
    public void Add_NothingRelevant_IsLeftOutAndCounted()
    {
        var meter = new RetrievalMeter();
        meter.Add("a", [1, 2], [0, 0]);
        Assert.Throws<InvalidOperationException>(() => meter.Scores());
        meter.Add("a", [1, 2], [0, 1]);
        Assert.That(meter.Scores(), Has.Property("LeftOut").EqualTo(1).And.Property("Queries").EqualTo(1).And.Property("Map").EqualTo(0.5));
    }

    [Test]
    public void Add_DistancesDescend_Refuses() =>
        Assert.That(Assert.Throws<ArgumentException>(() => new RetrievalMeter().Add("a", [2, 1], [0, 1]))!.Message, Does.Contain("rank 2"));

    [Test]
    public void Scores_Interval_HoldsTheMean()
    {
        var meter = new RetrievalMeter();
        for (int i = 0; i < 40; i++)
            meter.Add($"p{i / 2}", [1, 2, 3], i % 3 == 0 ? [1, 0, 0] : [0, 0, 1]);
        RetrievalScores scores = meter.Scores(seed: 3);
        Assert.That(scores.Map, Is.InRange(scores.MapLow, scores.MapHigh));
        Assert.That(meter.Scores(seed: 3), Is.EqualTo(scores));
    }

    private static RetrievalScores One(int[] distances, int[] shared)
    {
        var meter = new RetrievalMeter();
        meter.Add("a", distances, shared);
        return meter.Scores();
    }

    private static IEnumerable<int[]> Permutations(int[] items) => items.Length <= 1
        ? [items]
        : Enumerable.Range(0, items.Length).SelectMany(i => Permutations([.. items[..i], .. items[(i + 1)..]]).Select(rest => (int[])[items[i], .. rest]));
}
