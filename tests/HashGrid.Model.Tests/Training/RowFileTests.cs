using HashGrid.Model.Training;

namespace HashGrid.Model.Tests.Training;

public sealed class RowFileTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private string _path = "";

    [SetUp]
    public void CreateFolder() => _path = Path.Combine(Directory.CreateTempSubdirectory("hashgrid-test-").FullName, "a.rows");

    [TearDown]
    public void DeleteFolder() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Test]
    public void Read_FiftyThousandRowsBeyondTwoGigabytes_GivesTheLastOne()
    {
        const int Count = 50_000, Length = 44_000; // 2.2 billion bytes: an int counts to 2.147
        byte[] row = new byte[Length], read = new byte[Length];
        new Random(3).NextBytes(row);
        using RowFile file = RowFile.Create(_path, Key, Count, Length, keep => keep(Count - 1, row));
        file.Read(Count - 1, read);
        Assert.That(read, Is.EqualTo(row));
        file.Read(0, read);
        Assert.That(read, Is.All.Zero);
        Assert.That(Assert.Throws<IOException>(() => file.Read(Count, read))!.Message, Does.Contain("50000"));
    }

    [Test]
    public void Open_OtherCountIdentityOrLength_IsNone()
    {
        RowFile.Create(_path, Key, 3, 5, keep => keep(2, new byte[5])).Dispose();
        using (RowFile? same = RowFile.Open(_path, Key, 3, 5))
            Assert.That(same, Is.Not.Null);
        Assert.That(RowFile.Open(_path, Key, 5, 3), Is.Null);
        Assert.That(RowFile.Open(_path, new byte[32], 3, 5), Is.Null);
        Assert.That(RowFile.Open(_path + "x", Key, 3, 5), Is.Null);
        File.WriteAllBytes(_path, [.. File.ReadAllBytes(_path), 0]);
        Assert.That(RowFile.Open(_path, Key, 3, 5), Is.Null);
    }

    [Test]
    public void Create_Interrupted_LeavesNothing()
    {
        Assert.Throws<OperationCanceledException>(() => RowFile.Create(_path, Key, 3, 5, _ => throw new OperationCanceledException()));
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(_path)!), Is.Empty);
    }
}
