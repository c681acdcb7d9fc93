namespace HashGrid.Index.Tests;

internal sealed class HammingIndexTests
{
    private static readonly CodeWidth Width64 = new(64);

    [Test]
    public void Add_NewThenSameThenOther_IsAddedUnchangedConflict()
    {
        using var index = new HammingIndex(Width64);
        Assert.That(index.Add(7, [5]), Is.EqualTo(AddResult.Added));
        Assert.That(index.Add(7, [5]), Is.EqualTo(AddResult.Unchanged));
        Assert.That(index.Add(7, [6]), Is.EqualTo(AddResult.Conflict));
        Assert.That(index.Count, Is.EqualTo(1));
        Assert.That(Get(index, 7), Is.EqualTo(5));
    }

    [Test]
    public void Upsert_PresentId_ReplacesItsCode()
    {
        using var index = new HammingIndex(Width64);
        Assert.That(index.Upsert(7, [5]), Is.True);
        Assert.That(index.Upsert(7, [6]), Is.False);
        Assert.That(index.Upsert(7, [6]), Is.False);
        Assert.That(index.Count, Is.EqualTo(1));
        Assert.That(Get(index, 7), Is.EqualTo(6));
        Assert.That(Nearest(index, 5, 3), Is.EqualTo(new[] { new Neighbor(7, 2) }));
    }

    [Test]
    public void Upsert_AsTheOpenSegmentWidens_RetiresTheRowThatMoved()
    {
        using var index = new HammingIndex(Width64);
        for (ulong id = 0; id < 1024; id++) index.Add(id, [id]);
        Assert.That(index.Upsert(3, [ulong.MaxValue]), Is.False);
        Assert.That(index.Count, Is.EqualTo(1024));
        Assert.That(Nearest(index, 3, 2000).Count(n => n.Id == 3), Is.EqualTo(1));
        Assert.That(Get(index, 3), Is.EqualTo(ulong.MaxValue));
    }

    [Test]
    public void Remove_PresentId_IsGoneAndMayReturn()
    {
        using var index = new HammingIndex(Width64);
        index.Add(1, [1]);
        Assert.That(index.Remove(1), Is.True);
        Assert.That(index.Remove(1), Is.False);
        Assert.That(index.Contains(1), Is.False);
        Assert.That(Nearest(index, 1, 5), Is.Empty);
        Assert.That(index.Add(1, [9]), Is.EqualTo(AddResult.Added));
        Assert.That(Nearest(index, 9, 5), Is.EqualTo(new[] { new Neighbor(1, 0) }));
    }

    [Test]
    public void NearestSearch_Ties_ComeById()
    {
        using var index = new HammingIndex(Width64);
        foreach (ulong id in (ulong[])[9, 3, 12, 1]) index.Add(id, [0]);
        index.Add(2, [1]);
        Assert.That(Nearest(index, 0, 3), Is.EqualTo(new Neighbor[] { new(1, 0), new(3, 0), new(9, 0) }));
    }

    [Test]
    public void NearestSearch_EmptyIndexOrNoRoom_FindsNothing()
    {
        using var index = new HammingIndex(Width64);
        Assert.That(Nearest(index, 0, 3), Is.Empty);
        index.Add(1, [1]);
        Assert.That(index.NearestSearch([1], []).Count, Is.Zero);
    }

    [Test]
    public void RangeSearch_DestinationTooShort_KeepsTheNearestAndSaysMore()
    {
        using var index = new HammingIndex(Width64);
        for (int bit = 0; bit < 10; bit++) index.Add((ulong)bit, [(1UL << (bit + 1)) - 1]);
        var destination = new Neighbor[3];
        SearchResult result = index.RangeSearch([0], 5, destination);
        Assert.That((result.Count, result.More, result.Exact), Is.EqualTo((3, true, true)));
        Assert.That(destination, Is.EqualTo(new Neighbor[] { new(0, 1), new(1, 2), new(2, 3) }));
        Assert.That(index.RangeSearch([0], 3, destination).More, Is.False);
        Assert.That(index.RangeSearch([0], 3, []).More, Is.True);
    }

    [Test]
    public void RangeSearch_RadiusZero_ReturnsOnlyDuplicates()
    {
        using HammingIndex index = HammingIndex.Build(Width64, [], [4, 5, 4, 6]);
        var destination = new Neighbor[4];
        Assert.That(index.RangeSearch([4], 0, destination).Count, Is.EqualTo(2));
        Assert.That(destination[..2], Is.EqualTo(new Neighbor[] { new(0, 0), new(2, 0) }));
    }

    [TestCase(-1)]
    [TestCase(65)]
    public void RangeSearch_RadiusOutsideRange_Throws(int radius)
    {
        using var index = new HammingIndex(Width64);
        Assert.That(() => index.RangeSearch([0], radius, new Neighbor[1]), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains($"{radius}"));
    }

    [Test]
    public void Anything_WrongWordsOrSpareBits_SaysFoundAndExpected()
    {
        using var index = new HammingIndex(new CodeWidth(48));
        Assert.That(() => index.Add(1, [1, 2]), Throws.ArgumentException.With.Message.Contains("2 words").And.Message.Contains("needs 1"));
        Assert.That(() => index.Upsert(1, [1UL << 48]), Throws.ArgumentException.With.Message.Contains("above bit 47"));
        Assert.That(() => index.NearestSearch([1UL << 63], new Neighbor[1]), Throws.ArgumentException.With.Message.Contains("spare bits"));
        Assert.That(() => index.TryGet(1, []), Throws.ArgumentException.With.Message.Contains("room for 0"));
    }

    [Test]
    public void Build_WrongIdsOrCodes_Throws()
    {
        Assert.That(() => HammingIndex.Build(new CodeWidth(128), [], [1, 2, 3]), Throws.ArgumentException.With.Message.Contains("multiple of 2"));
        Assert.That(() => HammingIndex.Build(Width64, [1], [1, 2]), Throws.ArgumentException.With.Message.Contains("1 ids for 2 codes"));
        Assert.That(() => HammingIndex.Build(Width64, [8, 3, 8], [1, 2, 3]), Throws.ArgumentException.With.Message.Contains("id 8 occurs twice"));
        Assert.That(() => HammingIndex.Build(new CodeWidth(8), [], [1, 256]), Throws.ArgumentException.With.Message.Contains("codes[1]"));
        Assert.That(() => HammingIndex.Build(default, [], []), Throws.ArgumentException);
    }

    [Test]
    public void NearestSearchBatch_FewerCodesThanK_PadsWithNone()
    {
        using HammingIndex index = HammingIndex.Build(Width64, [], [0, 3]);
        var destination = new Neighbor[6];
        SearchResult result = index.NearestSearchBatch([0, 3], 3, destination);
        Assert.That(result.Count, Is.EqualTo(4));
        Assert.That(destination, Is.EqualTo(new Neighbor[] { new(0, 0), new(1, 2), Neighbor.None, new(1, 0), new(0, 2), Neighbor.None }));
        Assert.That(() => index.NearestSearchBatch([0], 0, destination), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => index.NearestSearchBatch([0, 1], 4, destination), Throws.ArgumentException.With.Message.Contains("need 8"));
    }

    [Test]
    public void Search_AfterDispose_Throws()
    {
        var index = new HammingIndex(Width64);
        index.Dispose();
        index.Dispose();
        Assert.That(() => index.NearestSearch([0], new Neighbor[1]), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Options_OutOfRange_AreNamed()
    {
        Assert.That(() => new HammingIndex(Width64, new HammingIndexOptions { OpenRows = 5 }), Throws.ArgumentException.With.Message.Contains("OpenRows is 5"));
        using var index = new HammingIndex(Width64);
        Assert.That(() => index.NearestSearch([0], new Neighbor[1], new SearchOptions { Threads = -1 }), Throws.ArgumentException.With.Message.Contains("Threads is -1"));
    }

    private static ulong Get(HammingIndex index, ulong id)
    {
        var code = new ulong[1];
        Assert.That(index.TryGet(id, code), Is.True);
        return code[0];
    }

    private static Neighbor[] Nearest(HammingIndex index, ulong query, int k)
    {
        var destination = new Neighbor[k];
        return destination[..index.NearestSearch([query], destination).Count];
    }
}
