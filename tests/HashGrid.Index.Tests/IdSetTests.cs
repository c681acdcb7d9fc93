using CsCheck;

namespace HashGrid.Index.Tests;

internal sealed class IdSetTests
{
    private static readonly Gen<ulong> GenId = Gen.OneOf(Gen.ULong[0, 300], Gen.ULong[ulong.MaxValue - 100, ulong.MaxValue], Gen.ULong);

    [Test]
    public void Contains_AnyIds_EqualsHashSet() =>
        GenId.Array[0, 200].Sample(
            ids =>
            {
                IdSet set = IdSet.Of(ids);
                HashSet<ulong> oracle = [.. ids];
                Assert.That(set.Count, Is.EqualTo(oracle.Count));
                foreach (ulong id in ids.SelectMany(id => (ulong[])[id, id + 1, id - 1, id ^ 64, id ^ (1UL << 63)]))
                {
                    Assert.That(set.Contains(id), Is.EqualTo(oracle.Contains(id)), $"{id}");
                }
            },
            iter: 2000);

    [Test]
    public void Next_AnyIds_GivesEachOnce() =>
        GenId.Array[0, 200].Sample(
            ids =>
            {
                IdSet set = IdSet.Of(ids);
                List<ulong> seen = [];
                for (long cursor = 0; set.Next(ref cursor, out ulong id);) seen.Add(id);
                Assert.That(seen.Order(), Is.EqualTo(ids.Distinct().Order()));
            },
            iter: 2000);
}
