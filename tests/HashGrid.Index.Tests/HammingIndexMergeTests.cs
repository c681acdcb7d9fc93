using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests;

internal sealed class HammingIndexMergeTests
{
    private static readonly CodeWidth Width = new(64);

    [Test]
    public void Add_ManySegments_AreMergedAndAnswerTheSame()
    {
        using var index = new HammingIndex(Width, new HammingIndexOptions { OpenRows = 1024 });
        ulong[] codes = CodeGenerator.Clustered(6, 20_000, Width);
        var oracle = new BruteForce(Width);
        for (int i = 0; i < codes.Length; i++)
        {
            index.Add((ulong)i, codes.AsSpan(i, 1));
            oracle.Set((ulong)i, [codes[i]]);
            if (i % 3 != 0) continue;
            index.Remove((ulong)i / 2);
            oracle.Remove((ulong)i / 2);
            index.Upsert((ulong)i, [codes[i] ^ 5]);
            oracle.Set((ulong)i, [codes[i] ^ 5]);
        }
        index.WaitForMerges();
        Assert.That(index.MergeFault, Is.Null);
        Assert.That(index.SegmentCount, Is.LessThan(14));
        Check(index, oracle);
        index.Compact();
        Assert.That(index.SegmentCount, Is.EqualTo(2), "one sealed, one open");
        Check(index, oracle);
    }

    [Test]
    public void Compact_EverythingRemoved_LeavesNothing()
    {
        using HammingIndex index = HammingIndex.Build(Width, [], CodeGenerator.Uniform(7, 3000, Width), new HammingIndexOptions { MergeInBackground = false });
        for (ulong id = 0; id < 3000; id++) index.Remove(id);
        index.Compact();
        Assert.That((index.Count, index.SegmentCount), Is.EqualTo((0L, 1)));
        Assert.That(index.Add(5, [1]), Is.EqualTo(AddResult.Added));
    }

    [Test]
    public void MergeWhileQuiet_AfterALoad_LeavesOneSegmentThatAnswersTheSame()
    {
        using var index = new HammingIndex(Width, new HammingIndexOptions { OpenRows = 32_768 });
        ulong[] codes = CodeGenerator.Clustered(6, 90_000, Width);
        var oracle = new BruteForce(Width);
        for (int i = 0; i < codes.Length; i++)
        {
            index.Add((ulong)i, codes.AsSpan(i, 1));
            oracle.Set((ulong)i, [codes[i]]);
        }
        for (ulong id = 0; id < 90_000; id += 7)
        {
            index.Remove(id);
            oracle.Remove(id);
        }
        index.MergeWhileQuiet();
        index.WaitForMerges();
        Assert.That((index.SegmentCount, index.MergeFault), Is.EqualTo((2, (Exception?)null)), "one sealed, one open");
        Check(index, oracle);
    }

    [Test]
    public void MergeWhileQuiet_FewCodesOutsideOfTheLargestSegment_AreSealedAndMergedOnceTheyAreMany()
    {
        using HammingIndex index = HammingIndex.Build(Width, [], CodeGenerator.Uniform(9, 300_000, Width), new HammingIndexOptions());
        ulong[] more = CodeGenerator.Uniform(10, 60_000, Width);
        int[] segments = new int[3];
        for (int turn = 0; turn < segments.Length; turn++)
        {
            for (int i = turn * 20_000; i < (turn + 1) * 20_000; i++) index.Add((ulong)(300_000 + i), more.AsSpan(i, 1));
            index.MergeWhileQuiet();
            index.WaitForMerges();
            segments[turn] = index.SegmentCount;
        }
        // An eighth of 300,000 and what came since is reached by the third.
        Assert.That(segments, Is.EqualTo(new[] { 3, 4, 2 }));
    }

    [Test]
    public void MergeWhileQuiet_FewCodesInAll_LeavesThemToTheScan()
    {
        using var index = new HammingIndex(Width);
        for (ulong id = 0; id < 16_383; id++) index.Add(id, [id]);
        index.MergeWhileQuiet();
        Assert.That(index.SegmentCount, Is.EqualTo(1));
        index.Add(16_383, [7]);
        index.MergeWhileQuiet();
        Assert.That(index.SegmentCount, Is.EqualTo(2));
    }

    [Test]
    public void Dispose_WhileMerging_EndsTheMerge()
    {
        var index = new HammingIndex(Width, new HammingIndexOptions { OpenRows = 1024 });
        ulong[] codes = CodeGenerator.Uniform(8, 9000, Width);
        for (int i = 0; i < codes.Length; i++) index.Add((ulong)i, codes.AsSpan(i, 1));
        index.Dispose();
        Assert.That(Task.Run(index.WaitForMerges).Wait(TimeSpan.FromSeconds(30)), Is.True);
    }

    private static void Check(HammingIndex index, BruteForce oracle)
    {
        Assert.That(index.Count, Is.EqualTo(oracle.Count));
        var found = new Neighbor[30];
        foreach (ulong query in CodeGenerator.Clustered(6, 20, Width, stream: 1))
        {
            int count = index.NearestSearch([query], found).Count;
            Assert.That(found[..count], Is.EqualTo(oracle.Nearest([query], 30)));
        }
        foreach (ulong id in (ulong[])[0, 3, 3000, 9999, 19_999])
        {
            var code = new ulong[1];
            Assert.That(index.TryGet(id, code), Is.EqualTo(oracle.Get(id) is not null));
            if (oracle.Get(id) is ulong[] expected) Assert.That(code, Is.EqualTo(expected));
        }
    }
}
