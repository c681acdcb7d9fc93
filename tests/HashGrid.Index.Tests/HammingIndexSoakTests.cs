using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests;

[Category("Soak")]
internal sealed class HammingIndexSoakTests
{
    private const ulong Steady = 2000;
    private const ulong SteadyLabel = 1UL << 7;

    /// <summary>
    /// One writer replaces, adds and removes while readers search. Ids below 2000 are replaced again and again by one of two codes, and never removed: every
    /// search has to see each of them exactly once, with one of its codes.
    /// </summary>
    [Test]
    public void Search_WhileOneWrites_SeesEverySteadyIdOnce()
    {
        var width = new CodeWidth(128);
        using var index = new HammingIndex(width, new HammingIndexOptions { OpenRows = 1024 });
        for (ulong id = 0; id < Steady; id++) index.Add(id, Code(id, 0), SteadyLabel);
        using var stop = new CancellationTokenSource();
        Task writer = Task.Run(() => Write(index, stop.Token));
        Task[] readers = [.. Enumerable.Range(0, 3).Select(reader => Task.Run(() => Read(index, reader)))];
        bool isDone = Task.WhenAll(readers).Wait(TimeSpan.FromSeconds(60));
        stop.Cancel();
        Assert.That(writer.Wait(TimeSpan.FromSeconds(60)) && isDone, Is.True, "readers and writer end");
        index.WaitForMerges();
        Assert.That(index.MergeFault, Is.Null);
    }

    private static void Write(HammingIndex index, CancellationToken stop)
    {
        var random = new Random(20269);
        while (!stop.IsCancellationRequested)
        {
            ulong id = (ulong)random.Next((int)Steady), other = Steady + (ulong)random.Next(3000);
            index.Upsert(id, Code(id, random.Next(2)), SteadyLabel);
            if (!index.Remove(other)) index.Add(other, Code(other, 0));
        }
    }

    private static void Read(HammingIndex index, int reader)
    {
        var random = new Random(reader);
        var found = new Neighbor[(int)Steady];
        var code = new ulong[2];
        SearchEngine[] engines = Enum.GetValues<SearchEngine>();
        for (int turn = 0; turn < 100; turn++)
        {
            ulong id = (ulong)random.Next((int)Steady);
            var options = new SearchOptions { Engine = engines[turn % engines.Length], Filter = turn % 3 == 0 ? value => value < Steady : null, AnyLabel = turn % 3 == 0 ? 0 : SteadyLabel };
            SearchResult result = index.NearestSearch(Code(id, 0), found, options);
            Assert.That(result.Count, Is.EqualTo((int)Steady));
            var seen = new HashSet<ulong>();
            foreach (Neighbor neighbor in found)
            {
                if (!seen.Add(neighbor.Id)) Assert.Fail($"id {neighbor.Id} came twice");
                int first = BruteForce.Distance(Code(id, 0), Code(neighbor.Id, 0)), second = BruteForce.Distance(Code(id, 0), Code(neighbor.Id, 1));
                if (neighbor.Distance != first && neighbor.Distance != second) Assert.Fail($"id {neighbor.Id} has neither of its codes");
            }
            Assert.That(index.TryGet(id, code), Is.True);
            Assert.That(code.SequenceEqual(Code(id, 0)) || code.SequenceEqual(Code(id, 1)), Is.True);
        }
    }

    private static ulong[] Code(ulong id, int version)
    {
        ulong value = (id + 1 + ((ulong)version << 40)) * 0x9E3779B97F4A7C15UL;
        return [value, (value ^ (value >> 29)) * 0xBF58476D1CE4E5B9UL];
    }
}
