using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests.Persistence;

internal sealed class IndexFileMutationTests
{
    private static readonly CodeWidth Width = new(60);

    [Test]
    public void Open_AnyByteFlipped_IsReported()
    {
        using var folder = new TemporaryFolder();
        string path = Save(folder);
        byte[] good = File.ReadAllBytes(path);
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (int i = 0; i < good.Length; i++)
        {
            Poke(file, i, (byte)(good[i] ^ (1 << (i % 8))));
            Assert.That(() => HammingIndex.Open(path).Dispose(), Throws.TypeOf<IndexFormatException>(), $"byte {i} of {good.Length}");
            Poke(file, i, good[i]);
        }
        Assert.That(() => HammingIndex.Open(path).Dispose(), Throws.Nothing);
    }

    [Test]
    public void Open_AnyByteFlippedAndNotVerified_NeverReadsOutOfBounds()
    {
        using var folder = new TemporaryFolder();
        string path = Save(folder);
        byte[] good = File.ReadAllBytes(path);
        var options = new HammingIndexOptions { VerifyOnOpen = false };
        ulong[] query = CodeGenerator.Uniform(9, 1, Width);
        var found = new Neighbor[20];
        int answered = 0;
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (int i = 0; i < good.Length; i += 3)
        {
            Poke(file, i, (byte)~good[i]);
            try
            {
                using HammingIndex index = HammingIndex.Open(path, options);
                foreach (SearchEngine engine in Enum.GetValues<SearchEngine>())
                {
                    index.NearestSearch(query, found, new SearchOptions { Engine = engine });
                    index.RangeSearch(query, 12, found, new SearchOptions { Engine = engine });
                }
                index.TryGet(3, new ulong[1]);
                answered++;
            }
            catch (IndexFormatException)
            {
                // Reported, which is all that is asked.
            }
            Poke(file, i, good[i]);
        }
        Assert.That(answered, Is.Positive, "some flips only change codes, which nobody can tell without a checksum");
    }

    [Test]
    public void Open_CutAnywhere_IsReported()
    {
        using var folder = new TemporaryFolder();
        byte[] good = File.ReadAllBytes(Save(folder));
        for (int length = 0; length < good.Length; length += 97)
        {
            File.WriteAllBytes(folder.File("cut"), good[..length]);
            Assert.That(() => HammingIndex.Open(folder.File("cut")).Dispose(), Throws.TypeOf<IndexFormatException>(), $"{length} bytes");
        }
        File.WriteAllBytes(folder.File("long"), [.. good, 0]);
        Assert.That(() => HammingIndex.Open(folder.File("long")).Dispose(), Throws.TypeOf<IndexFormatException>());
    }

    /// <summary>All structures, copies, given and counted ids, tombstones, an open part: every kind of section.</summary>
    private static string Save(TemporaryFolder folder)
    {
        var options = new HammingIndexOptions { Structures = IndexStructures.All, CopyCodes = true };
        using HammingIndex index = HammingIndex.Build(Width, [], CodeGenerator.Clustered(9, 90, Width, 4), options);
        index.Remove(17);
        index.Upsert(18, [5]);
        index.Save(folder.File("good"));
        return folder.File("good");
    }

    private static void Poke(FileStream file, long position, byte value)
    {
        file.Position = position;
        file.WriteByte(value);
        file.Flush();
    }
}
