using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests.Oracle;

/// <summary>What changes no distance changes no answer.</summary>
[Category("Oracle")]
internal sealed class InvarianceTests
{
    private static readonly CodeWidth Width = new(128);

    [Test]
    public void NearestSearch_EveryCodeXored_AnswersTheSame()
    {
        ulong[] mask = CodeGenerator.Uniform(12, 1, Width);
        Check((code, word) => code[word] ^ mask[word]);
    }

    [Test]
    public void NearestSearch_BitsPermuted_AnswersTheSame() =>
        Check((code, word) => System.Numerics.BitOperations.RotateLeft(code[1 - word], 13));

    private static void Check(Func<ulong[], int, ulong> change)
    {
        ulong[] codes = CodeGenerator.Clustered(11, 6000, Width), queries = CodeGenerator.Clustered(11, 10, Width, stream: 1);
        var options = new HammingIndexOptions { Structures = IndexStructures.All };
        using HammingIndex one = HammingIndex.Build(Width, [], codes, options);
        using HammingIndex other = HammingIndex.Build(Width, [], Change(codes), options);
        foreach (SearchEngine engine in Enum.GetValues<SearchEngine>())
        {
            var expected = new Neighbor[200];
            var actual = new Neighbor[200];
            one.NearestSearchBatch(queries, 20, expected, new SearchOptions { Engine = engine });
            other.NearestSearchBatch(Change(queries), 20, actual, new SearchOptions { Engine = engine });
            Assert.That(actual, Is.EqualTo(expected), $"{engine}");
        }

        ulong[] Change(ulong[] all)
        {
            var changed = new ulong[all.Length];
            for (int i = 0; i < all.Length; i++) changed[i] = change(all[(i & ~1)..((i & ~1) + 2)], i & 1);
            return changed;
        }
    }
}
