using System.Runtime.InteropServices;
using HashGrid.Index.Segments;
using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests;

internal sealed class StreamBuildTests
{
    [Test]
    public void Build_FromStream_EqualsBuildFromSpan([Values(8, 64, 100, 256)] int bits, [Values] IndexStructures structures, [Values] bool canSeek)
    {
        var width = new CodeWidth(bits);
        ulong[] codes = CodeGenerator.Clustered(3, 5000, width), query = CodeGenerator.Clustered(3, 1, width, stream: 1);
        ulong[] ids = [.. Enumerable.Range(0, 5000).Select(i => (ulong)(i * 7) ^ 0xF000000000000000)];
        var options = new HammingIndexOptions { Structures = structures };
        using HammingIndex fromSpan = HammingIndex.Build(width, ids, codes, options);
        using HammingIndex fromStream = HammingIndex.Build(width, Raw(codes, canSeek), Raw(ids, canSeek), options);
        Neighbor[] expected = new Neighbor[50], actual = new Neighbor[50];
        fromSpan.NearestSearch(query, expected);
        fromStream.NearestSearch(query, actual);
        Assert.That(actual, Is.EqualTo(expected));
        Assert.That(fromStream.Count, Is.EqualTo(5000));
    }

    [Test]
    public void Build_WithProgress_EndsEachStageInFull()
    {
        var width = new CodeWidth(64);
        var told = new List<BuildProgress>();
        using HammingIndex index = HammingIndex.Build(width, Raw(CodeGenerator.Clustered(3, 50_000, width), true), options: new HammingIndexOptions { Structures = IndexStructures.All }, progress: new Listener(told));
        foreach (BuildStage stage in (BuildStage[])[BuildStage.Reading, BuildStage.Clusters, BuildStage.Tables])
        {
            BuildProgress last = told.Last(progress => progress.Stage == stage && progress.Total > 0);
            Assert.That(last.Done, Is.EqualTo(last.Total), $"{stage}");
        }
    }

    [Test]
    public void Build_StreamEndsWithinACode_SaysWhere()
    {
        var stream = new MemoryStream(new byte[(16 * 5) + 3]);
        Assert.That(() => HammingIndex.Build(new CodeWidth(128), stream), Throws.ArgumentException.With.Message.Contains("3 bytes into row 5"));
    }

    [TestCase(4, "there are 4 ids for 5 codes")]
    [TestCase(6, "there are more ids for 5 codes")]
    public void Build_OtherNumberOfIds_IsRefused(int ids, string message) =>
        Assert.That(
            () => HammingIndex.Build(new CodeWidth(64), Raw(new ulong[5], true), Raw([.. Enumerable.Range(0, ids).Select(i => (ulong)i)], true)),
            Throws.ArgumentException.With.Message.Contains(message));

    [Test]
    public void Build_IdTwice_IsNamed() =>
        Assert.That(() => HammingIndex.Build(new CodeWidth(64), Raw(new ulong[3], true), Raw([5, 9, 5], true)), Throws.ArgumentException.With.Message.Contains("id 5 occurs twice"));

    [Test]
    public void Build_SpareBitSet_IsRefused() =>
        Assert.That(() => HammingIndex.Build(new CodeWidth(8), Raw([1, 256], true)), Throws.ArgumentException.With.Message.Contains("codes[1]"));

    [Test]
    public void Build_EmptyStream_IsEmptyIndex()
    {
        using HammingIndex index = HammingIndex.Build(new CodeWidth(64), new MemoryStream());
        Assert.That(index.Count, Is.Zero);
    }

    [Test]
    public unsafe void MoveInPlace_AnyPermutation_EqualsCopy([Values(1, 2, 3, 16)] int words)
    {
        var random = new Random(20271);
        for (int count = 1; count < 70; count++)
        {
            uint[] order = [.. Enumerable.Range(0, count).Select(i => (uint)i)];
            random.Shuffle(order);
            ulong[] rows = CodeGenerator.Uniform(count, count, new CodeWidth(words * 64));
            ulong[] expected = [.. order.SelectMany(row => rows.AsSpan((int)row * words, words).ToArray())];
            fixed (ulong* r = rows)
            {
                fixed (uint* o = order) SegmentBuilder.MoveInPlace(r, words, count, o);
            }
            Assert.That(rows, Is.EqualTo(expected));
        }
    }

    [Test]
    public void Build_MemoryBudget_LeavesOutWhatDoesNotFit()
    {
        var width = new CodeWidth(64);
        ulong[] codes = CodeGenerator.Clustered(3, 100_000, width);
        HammingIndexOptions all = new() { Structures = IndexStructures.All, CopyCodes = true };
        using HammingIndex free = HammingIndex.Build(width, [], codes, all);
        foreach (long budget in (long[])[900_000, 2_000_000, 3_000_000, 100_000_000])
        {
            using HammingIndex index = HammingIndex.Build(width, [], codes, all with { MemoryBudget = budget });
            Assert.That(index.MemoryBytes, Is.LessThan(Math.Max(budget, 850_000) + 100_000), "beside the empty open segment");
            Neighbor[] expected = new Neighbor[20], actual = new Neighbor[20];
            free.NearestSearch([codes[77] ^ 5], expected);
            index.NearestSearch([codes[77] ^ 5], actual);
            Assert.That(actual, Is.EqualTo(expected));
        }
    }

    private static Stream Raw(ulong[] words, bool canSeek)
    {
        var stream = new MemoryStream(MemoryMarshal.AsBytes(words.AsSpan()).ToArray());
        return canSeek ? stream : new System.IO.Compression.BrotliStream(Compressed(stream), System.IO.Compression.CompressionMode.Decompress);
    }

    private static MemoryStream Compressed(MemoryStream plain)
    {
        var packed = new MemoryStream();
        using (var brotli = new System.IO.Compression.BrotliStream(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true)) plain.CopyTo(brotli);
        packed.Position = 0;
        return packed;
    }

    private sealed class Listener(List<BuildProgress> told) : IProgress<BuildProgress>
    {
        public void Report(BuildProgress value)
        {
            lock (told) told.Add(value);
        }
    }
}
