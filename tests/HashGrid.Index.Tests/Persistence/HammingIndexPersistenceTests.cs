using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests.Persistence;

internal sealed class HammingIndexPersistenceTests
{
    private static readonly CodeWidth Width = new(100);

    [Test]
    public void Open_SavedIndex_AnswersTheSameAndCanBeChanged()
    {
        using var folder = new TemporaryFolder();
        using HammingIndex original = Changed();
        original.Save(folder.File("a.hgx"));
        foreach (bool verify in (bool[])[true, false])
        {
            using HammingIndex opened = HammingIndex.Open(folder.File("a.hgx"), new HammingIndexOptions { VerifyOnOpen = verify });
            Assert.That((opened.Count, opened.Width), Is.EqualTo((original.Count, Width)));
            ulong[] queries = CodeGenerator.Uniform(2, 5, Width);
            Assert.That(All(opened, queries), Is.EqualTo(All(original, queries)));
            Assert.That(opened.Contains(4), Is.False);
            Assert.That(opened.Remove(10), Is.True);
            Assert.That(opened.Add(100_000, [1, 1]), Is.EqualTo(AddResult.Unchanged));
            Assert.That(opened.Add(100_001, [1, 1]), Is.EqualTo(AddResult.Added));
        }
    }

    [Test]
    public void Save_OverAnOpenFile_LeavesTheOpenOneAsItWas()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.hgx");
        HammingIndex.Build(Width, [], CodeGenerator.Uniform(1, 100, Width)).Save(path);
        using HammingIndex first = HammingIndex.Open(path);
        first.Add(1000, [5, 5]);
        first.Save(path);
        Assert.That(first.Count, Is.EqualTo(101));
        using HammingIndex second = HammingIndex.Open(path);
        Assert.That(second.Count, Is.EqualTo(101));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(1), "no temporary file stays behind");
    }

    [Test]
    public void Save_Cancelled_ThrowsAndLeavesTheOldFileAlone()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.hgx");
        HammingIndex.Build(Width, [], CodeGenerator.Uniform(1, 100, Width)).Save(path);
        using HammingIndex more = HammingIndex.Build(Width, [], CodeGenerator.Uniform(2, 200, Width));
        Assert.That(() => more.Save(path, new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
        using HammingIndex opened = HammingIndex.Open(path);
        Assert.That(opened.Count, Is.EqualTo(100));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(1), "no temporary file stays behind");
    }

    [Test]
    public void Save_EmptyIndex_OpensEmpty()
    {
        using var folder = new TemporaryFolder();
        new HammingIndex(Width).Save(folder.File("empty"));
        using HammingIndex opened = HammingIndex.Open(folder.File("empty"));
        Assert.That(opened.Count, Is.Zero);
    }

    [Test]
    public void Save_FolderIsMissing_ThrowsAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        Assert.That(() => new HammingIndex(Width).Save(folder.File("no/such/file")), Throws.InstanceOf<IOException>());
    }

    [Test]
    public void Open_NoSuchFile_Throws() => Assert.That(() => HammingIndex.Open("/no/such/file"), Throws.InstanceOf<IOException>());

    [Test]
    public void Open_AnotherKindOfFile_IsNotAnIndex()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a"), new byte[500]);
        Assert.That(() => HammingIndex.Open(folder.File("a")), Throws.TypeOf<IndexFormatException>()
            .With.Property(nameof(IndexFormatException.Reason)).EqualTo(IndexFormatProblem.NotAnIndex));
        File.WriteAllBytes(folder.File("b"), new byte[3]);
        Assert.That(() => HammingIndex.Open(folder.File("b")), Throws.TypeOf<IndexFormatException>()
            .With.Property(nameof(IndexFormatException.Reason)).EqualTo(IndexFormatProblem.WrongLength));
    }

    /// <summary>An index with a sealed part, an open part, and tombstones in both.</summary>
    private static HammingIndex Changed()
    {
        HammingIndex index = HammingIndex.Build(Width, [], CodeGenerator.Uniform(1, 5000, Width));
        index.Remove(4);
        index.Upsert(5, [7, 7]);
        index.Add(100_000, [1, 1]);
        index.Add(100_002, [2, 2]);
        index.Remove(100_002);
        return index;
    }

    private static Neighbor[] All(HammingIndex index, ulong[] queries)
    {
        int count = queries.Length / Width.Words;
        var destination = new Neighbor[count * 20];
        index.NearestSearchBatch(queries, 20, destination);
        return destination;
    }
}
