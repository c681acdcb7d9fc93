using System.Buffers.Binary;
using CsCheck;
using HashGrid.Index.Persistence;
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
        ulong[] query = CodeGenerator.Uniform(9, 1, Width);
        int answered = 0;
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (int i = 0; i < good.Length; i += 3)
        {
            Poke(file, i, (byte)~good[i]);
            if (IsAnswered(path, query)) answered++;
            Poke(file, i, good[i]);
        }
        Assert.That(answered, Is.Positive, "some flips only change codes, which nobody can tell without a checksum");
    }

    /// <summary>Several edits at once, numbers among them that a length or an offset should never be; shrunk to the fewest edits.</summary>
    [Test]
    public void Open_AnyEditsAndNotVerified_NeverReadsOutOfBounds()
    {
        using var folder = new TemporaryFolder();
        byte[] good = File.ReadAllBytes(Save(folder));
        ulong[] query = CodeGenerator.Uniform(9, 1, Width);
        Gen<ulong> number = Gen.OneOf(Gen.ULong[0, 200], Gen.OneOf(Gen.Const(ulong.MaxValue), Gen.Const((ulong)long.MaxValue), Gen.Const(1UL << 32), Gen.Const((1UL << 31) - 1), Gen.Const((ulong)good.Length)), Gen.ULong);
        Gen.Select(Gen.Int[0, (good.Length / 8) - 1], number, Gen.Bool).Array[1, 6].Sample(
            edits =>
            {
                byte[] bytes = [.. good];
                foreach ((int word, ulong value, bool isShort) in edits)
                {
                    if (isShort) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(word * 8), (uint)value);
                    else BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(word * 8), value);
                }
                Seal(bytes);
                string path = folder.File("edited");
                File.WriteAllBytes(path, bytes);
                IsAnswered(path, query);
            },
            iter: 800,
            threads: 1);
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

    /// <summary>Header and table get the checksums that fit them: whoever crafts a file can do that, too.</summary>
    private static void Seal(byte[] bytes)
    {
        long sections = Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(28)), (bytes.Length - FileLayout.HeaderBytes) / FileLayout.EntryBytes);
        ReadOnlySpan<byte> table = bytes.AsSpan(FileLayout.HeaderBytes, (int)sections * FileLayout.EntryBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(40), Crc32C.Append(0, table));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(60), Crc32C.Append(0, bytes.AsSpan(0, 60)));
    }

    /// <summary>Whether a file that may be damaged gave answers; if not, it was reported. Anything else, such as a fault, fails the test.</summary>
    private static bool IsAnswered(string path, ulong[] query)
    {
        var found = new Neighbor[20];
        try
        {
            using HammingIndex index = HammingIndex.Open(path, new HammingIndexOptions { VerifyOnOpen = false });
            foreach (SearchEngine engine in Enum.GetValues<SearchEngine>())
            {
                index.NearestSearch(query, found, new SearchOptions { Engine = engine });
                index.RangeSearch(query, 12, found, new SearchOptions { Engine = engine });
                index.NearestSearch(query, found, new SearchOptions { Engine = engine, AnyLabel = 6 });
            }
            index.TryGet(3, new ulong[1]);
            return true;
        }
        catch (IndexFormatException)
        {
            return false;
        }
        catch (ArgumentException)
        {
            return false; // the width itself was edited, so the query no longer fits
        }
    }

    /// <summary>All structures, copies, given and counted ids, labels, tombstones, an open part: every kind of section.</summary>
    private static string Save(TemporaryFolder folder)
    {
        var options = new HammingIndexOptions { Structures = IndexStructures.All, CopyCodes = true };
        using HammingIndex index = HammingIndex.Build(Width, [], CodeGenerator.Clustered(9, 90, Width, 4), options, [.. Enumerable.Range(0, 90).Select(i => (ulong)i % 3)]);
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
