using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests.Oracle;

[Category("Oracle")]
internal sealed class EngineOracleTests
{
    private static readonly SearchEngine[] Engines = Enum.GetValues<SearchEngine>();

    [TestCase(8)]
    [TestCase(16)]
    [TestCase(48)]
    [TestCase(64)]
    [TestCase(100)]
    [TestCase(128)]
    [TestCase(256)]
    [TestCase(1000)]
    public void Search_EveryEngine_EqualsBruteForce(int bits)
    {
        var width = new CodeWidth(bits);
        foreach (bool isClustered in (bool[])[false, true])
        {
            ulong[] codes = isClustered ? CodeGenerator.Clustered(3, 5000, width) : CodeGenerator.Uniform(3, 5000, width);
            ulong[] queries = isClustered ? CodeGenerator.Clustered(3, 8, width, stream: 1) : CodeGenerator.Uniform(4, 8, width);
            BruteForce oracle = BruteForce.Of(width, codes);
            using HammingIndex index = HammingIndex.Build(width, [], codes, new HammingIndexOptions { Structures = IndexStructures.All, CopyCodes = isClustered });
            foreach (SearchEngine engine in Engines)
            {
                var options = new SearchOptions { Engine = engine };
                for (int i = 0; i < 8; i++)
                {
                    ReadOnlySpan<ulong> query = queries.AsSpan(i * width.Words, width.Words);
                    foreach (int k in (int[])[1, 10, 300])
                    {
                        var found = new Neighbor[k];
                        int count = index.NearestSearch(query, found, options).Count;
                        Assert.That(found[..count], Is.EqualTo(oracle.Nearest(query, k)), $"{engine}, query {i}, k {k}, clustered {isClustered}");
                    }
                    foreach (int radius in (int[])[0, bits / 8, bits / 4])
                    {
                        var found = new Neighbor[200];
                        SearchResult result = index.RangeSearch(query, radius, found, options);
                        Neighbor[] expected = oracle.Within(query, radius);
                        Assert.That(found[..result.Count], Is.EqualTo(expected.Take(200)), $"{engine}, query {i}, radius {radius}, clustered {isClustered}");
                        Assert.That(result.More, Is.EqualTo(expected.Length > 200));
                    }
                }
            }
        }
    }
}
