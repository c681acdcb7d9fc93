using HashGrid.Index.Kernels;
using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests.Kernels;

internal sealed unsafe class SixBitBlockTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    public void Block_EveryTail_AgreesWithScalar(int words)
    {
        SixBitBlock? block = SixBitBlock.TryCreate(words, 257);
        if (block is null) Assert.Ignore("needs AVX-512 VBMI and no other forced kernel");
        var width = new CodeWidth(words * 64);
        ulong[] query = CodeGenerator.Uniform(20266, 1, width), all = CodeGenerator.Uniform(20267, 257, width);
        byte* tables = (byte*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc((nuint)SixBitBlock.TableBytes(words), 64);
        fixed (ulong* q = query)
        {
            SixBitBlock.MakeTables(q, words, tables);
            for (int count = 1; count <= 257; count++)
            {
                using GuardedBlock codes = new(all.AsSpan(0, count * words));
                var distances = new ushort[count];
                ScalarKernel.Distances(query, codes.Words, distances);
                block.Fill(codes.Pointer, count);
                (int index, ushort distance) = block.Nearest(q);
                Assert.That((index, distance), Is.EqualTo((Array.IndexOf(distances, distances.Min()), distances.Min())), $"{count} codes");
                int limit = (width.Bits / 2) - 4;
                List<int> found = [];
                for (int group = block.FirstWithin(tables, 0, limit, out ulong hits); group < SixBitBlock.Groups(count); group = block.FirstWithin(tables, group + 1, limit, out hits))
                {
                    for (int lane = 0; lane < 64; lane++)
                    {
                        if (((hits >> lane) & 1) != 0) found.Add((group * 64) + lane);
                    }
                }
                Assert.That(found, Is.EqualTo(Enumerable.Range(0, count).Where(i => distances[i] <= limit)), $"{count} codes");
            }
        }
        System.Runtime.InteropServices.NativeMemory.AlignedFree(tables);
    }

    [Test]
    public void FirstWithin_AllBitsDiffer_SaturatesAndIsStillFound()
    {
        SixBitBlock? block = SixBitBlock.TryCreate(4, 3);
        if (block is null) Assert.Ignore("needs AVX-512 VBMI and no other forced kernel");
        ulong[] codes = [.. Enumerable.Repeat(ulong.MaxValue, 12)], query = new ulong[4];
        byte* tables = stackalloc byte[SixBitBlock.TableBytes(4)];
        fixed (ulong* c = codes, q = query)
        {
            block.Fill(c, 3);
            SixBitBlock.MakeTables(q, 4, tables);
            Assert.That(block.Nearest(q), Is.EqualTo((0, (ushort)255)));
        }
        Assert.That(block.FirstWithin(tables, 0, 256, out ulong hits), Is.Zero);
        Assert.That(hits, Is.EqualTo(0b111UL));
        Assert.That(block.FirstWithin(tables, 0, 254, out _), Is.EqualTo(1));
    }

    [Test]
    public void Nearest_MoreThan256Groups_FindsTheFirstOfTheNearest()
    {
        SixBitBlock? block = SixBitBlock.TryCreate(1, 40_000);
        if (block is null) Assert.Ignore("needs AVX-512 VBMI and no other forced kernel");
        ulong[] codes = CodeGenerator.Uniform(20268, 40_000, new CodeWidth(64));
        var distances = new ushort[codes.Length];
        fixed (ulong* c = codes)
        {
            block.Fill(c, codes.Length);
            for (ulong query = 0; query < 20; query++)
            {
                ulong[] q = [query * 0x9E3779B97F4A7C15UL];
                ScalarKernel.Distances(q, codes, distances);
                fixed (ulong* p = q) Assert.That(block.Nearest(p), Is.EqualTo((Array.IndexOf(distances, distances.Min()), distances.Min())));
            }
        }
    }
}
