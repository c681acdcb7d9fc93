using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests;

internal sealed class HammingIndexAllocationTests
{
    [Test]
    public void Search_SteadyState_AllocatesNothing()
    {
        var width = new CodeWidth(64);
        using HammingIndex index = HammingIndex.Build(
            width, [], CodeGenerator.Clustered(10, 20_000, width), new HammingIndexOptions { Structures = IndexStructures.All });
        index.Add(30_000, [1]);
        ulong[] queries = CodeGenerator.Clustered(10, 50, width, stream: 1);
        var found = new Neighbor[20];
        foreach (SearchEngine engine in Enum.GetValues<SearchEngine>())
        {
            var options = new SearchOptions { Engine = engine };
            void All()
            {
                for (int i = 0; i < queries.Length; i++)
                {
                    index.NearestSearch(queries.AsSpan(i, 1), found, options);
                    index.RangeSearch(queries.AsSpan(i, 1), 6, found, options);
                }
            }
            // The first rounds size the scratch memory and let the methods be compiled.
            for (int round = 0; round < 3; round++) All();
            Assert.That(AllocationMeter.Measure(All), Is.Zero, $"{engine}");
        }
    }
}
