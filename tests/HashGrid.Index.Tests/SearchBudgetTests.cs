using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests;

internal sealed class SearchBudgetTests
{
    private static readonly CodeWidth Width = new(64);

    [Test]
    public void NearestSearch_BudgetReached_StopsThereAndSaysSo([Values] SearchEngine engine, [Values(1, 50, 700)] long budget)
    {
        using HammingIndex index = HammingIndex.Build(Width, [], CodeGenerator.Clustered(1, 20_000, Width), new HammingIndexOptions { Structures = IndexStructures.All });
        foreach (ulong query in CodeGenerator.Clustered(1, 20, Width, stream: 1))
        {
            var found = new Neighbor[1000];
            SearchResult result = index.NearestSearch([query], found, new SearchOptions { Engine = engine, MaxCandidates = budget });
            Assert.That(result.Stats.Candidates, Is.EqualTo(budget));
            Assert.That(result.Exact, Is.False);
            Assert.That(result.Count, Is.LessThanOrEqualTo(budget));
            Assert.That(found[..result.Count], Is.Ordered);
        }
    }

    [Test]
    public void NearestSearch_BudgetNotReached_IsExact([Values] SearchEngine engine)
    {
        using HammingIndex index = HammingIndex.Build(Width, [], CodeGenerator.Clustered(1, 20_000, Width), new HammingIndexOptions { Structures = IndexStructures.All });
        foreach (ulong query in CodeGenerator.Clustered(1, 20, Width, stream: 1))
        {
            Neighbor[] free = new Neighbor[5], bounded = new Neighbor[5];
            index.NearestSearch([query], free);
            // Buckets meet a code once for each substring it is near in, so more candidates than codes are possible.
            SearchResult result = index.NearestSearch([query], bounded, new SearchOptions { Engine = engine, MaxCandidates = 1_000_000 });
            Assert.That(result.Exact, Is.True);
            Assert.That(bounded, Is.EqualTo(free));
        }
    }

    [Test]
    public void NearestSearch_AutoWithASmallBudget_LooksAtNearCodesFirst()
    {
        using HammingIndex index = HammingIndex.Build(Width, [], CodeGenerator.Clustered(1, 20_000, Width), new HammingIndexOptions { Structures = IndexStructures.All });
        int same = 0;
        foreach (ulong query in CodeGenerator.Clustered(1, 50, Width, stream: 1))
        {
            Neighbor[] exact = new Neighbor[1], bounded = new Neighbor[1];
            index.NearestSearch([query], exact);
            index.NearestSearch([query], bounded, new SearchOptions { MaxCandidates = 1500 });
            if (exact[0] == bounded[0]) same++;
        }
        Assert.That(same, Is.GreaterThan(25), "of 50 with 7.5 % of the codes; by chance it would be 4");
    }

    [Test]
    public void NearestSearchBatch_OneQueryOverBudget_SaysSo()
    {
        using HammingIndex index = HammingIndex.Build(Width, [], CodeGenerator.Uniform(1, 5000, Width));
        SearchResult result = index.NearestSearchBatch([1, 2, 3], 2, new Neighbor[6], new SearchOptions { MaxCandidates = 10, Threads = 2 });
        Assert.That(result.Exact, Is.False);
        Assert.That(result.Stats.Candidates, Is.EqualTo(30));
    }

    [Test]
    public void NearestSearch_NegativeBudget_IsRefused()
    {
        using var index = new HammingIndex(Width);
        Assert.That(() => index.NearestSearch([1], new Neighbor[1], new SearchOptions { MaxCandidates = -1 }), Throws.ArgumentException.With.Message.Contains("MaxCandidates is -1"));
    }
}
