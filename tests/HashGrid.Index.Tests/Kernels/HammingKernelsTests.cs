using HashGrid.Index.Kernels;
using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests.Kernels;

internal sealed unsafe class HammingKernelsTests
{
    private static readonly int[] EveryWordCount = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16];

    private static IEnumerable<string> SupportedKernels => HammingKernels.Supported.Select(kernel => kernel.Name);

    [Test]
    public void Distances_Scalar_EqualsBitByBit()
    {
        foreach (int words in EveryWordCount)
        {
            var width = new CodeWidth(words * 64);
            ulong[] query = CodeGenerator.Uniform(20260, 1, width), codes = CodeGenerator.Uniform(20261, 33, width);
            var actual = new ushort[33];
            ScalarKernel.Distances(query, codes, actual);
            for (int i = 0; i < 33; i++)
            {
                Assert.That(actual[i], Is.EqualTo(BruteForce.DistanceBitByBit(query, codes.AsSpan(i * words, words))), $"{words} words, code {i}");
            }
        }
    }

    [TestCaseSource(nameof(SupportedKernels))]
    public void Distances_EveryWidthAndTail_EqualScalar(string kernel)
    {
        foreach (int words in EveryWordCount)
        {
            var width = new CodeWidth(words * 64);
            ulong[] query = CodeGenerator.Uniform(20262, 1, width), all = CodeGenerator.Uniform(20263, 257, width);
            for (int count = 0; count <= 257; count++)
            {
                using GuardedBlock block = new(all.AsSpan(0, count * words)), guardedQuery = new(query); // over-reads fault
                ushort[] expected = new ushort[count], actual = new ushort[count];
                ScalarKernel.Distances(query, block.Words, expected);
                HammingKernels.Get(kernel).Distances(guardedQuery.Words, block.Words, actual);
                Assert.That(actual, Is.EqualTo(expected), $"{words} words, {count} codes");
            }
        }
    }

    [TestCaseSource(nameof(SupportedKernels))]
    public void FirstWithin_EveryWidthAndTail_FindsWhatScalarFinds(string kernel)
    {
        foreach (int words in EveryWordCount)
        {
            var width = new CodeWidth(words * 64);
            ulong[] query = CodeGenerator.Uniform(20264, 1, width), all = CodeGenerator.Uniform(20265, 257, width);
            var distances = new ushort[257];
            ScalarKernel.Distances(query, all, distances);
            for (int count = 0; count <= 257; count++)
            {
                using GuardedBlock block = new(all.AsSpan(0, count * words)), q = new(query);
                // Nothing, the nearest, a middling one, everything: each from the start and from an odd row.
                int least = count == 0 ? 0 : distances.Take(count).Min();
                foreach (int limit in (int[])[Math.Max(0, least - 1), least, (width.Bits / 2) - 4, width.Bits])
                {
                    foreach (int from in (int[])[0, Math.Min(3, count)])
                    {
                        int expected = from;
                        while (expected < count && distances[expected] > limit) expected++;
                        nint actual = HammingKernels.Get(kernel).FirstWithin(q.Pointer, words, block.Pointer, from, count, limit);
                        Assert.That((int)actual, Is.EqualTo(expected), $"{words} words, {count} codes from {from}, limit {limit}");
                    }
                }
            }
        }
    }

    [TestCaseSource(nameof(SupportedKernels))]
    public void Distances_AllBitsDiffer_DoNotOverflow(string kernel)
    {
        foreach (int words in EveryWordCount)
        {
            var query = new ulong[words];
            var codes = new ulong[words * 40];
            Array.Fill(codes, ulong.MaxValue);
            var distances = new ushort[40];
            HammingKernels.Get(kernel).Distances(query, codes, distances);
            Assert.That(distances, Is.All.EqualTo(words * 64));
        }
    }

    [Test]
    public void Choose_NothingForced_TakesTheFirstThatRuns() =>
        Assert.That(HammingKernels.Choose(null), Is.SameAs(HammingKernels.All.First(kernel => kernel.IsSupported)));

    [Test]
    public void Choose_Scalar_TakesScalar() => Assert.That(HammingKernels.Choose("scalar").Name, Is.EqualTo("scalar"));

    [Test]
    public void Choose_UnknownName_NamesThoseThatRun() =>
        Assert.That(() => HammingKernels.Choose("abacus"), Throws.TypeOf<NotSupportedException>().With.Message.Contains("abacus").And.Message.Contains("scalar"));
}
