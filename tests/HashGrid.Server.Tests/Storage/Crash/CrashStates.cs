namespace HashGrid.Server.Tests.Storage.Crash;

/// <summary>Different disks that crashes of one history may leave.</summary>
internal static class CrashStates
{
    /// <summary>Goes over all crash points again and again, each time with another choice of what survived; never the same state of one point twice.</summary>
    /// <returns>The disk, what was acknowledged before the crash, and words that name the state.</returns>
    public static IEnumerable<(Dictionary<string, byte[]> Disk, long Acknowledged, string Name)> Enumerate(CrashDisk disk, int seed)
    {
        DiskEvent[] events = disk.Events();
        CrashPoint?[] points = [.. Enumerable.Range(0, events.Length + 1).Select(length => new CrashPoint(disk, events[..length]))];
        var seen = new HashSet<string>[points.Length];
        for (int i = 0; i < seen.Length; i++)
            seen[i] = [];
        for (int round = 0; points.Any(point => point is not null); round++)
        {
            for (int i = 0; i < points.Length; i++)
            {
                if (points[i] is not { } point)
                    continue;
                bool[]? choice = Choose(point, round, seed, i);
                if (choice is null)
                {
                    points[i] = null;
                }
                else if (seen[i].Add(string.Concat(choice.Select(survives => survives ? '1' : '0'))))
                {
                    yield return (point.State(piece => choice[piece]), point.Acknowledged, $"seed {seed}, crash after event {i}, round {round}");
                }
            }
        }
    }

    // First the extremes, then one piece lost or one piece alone, whole writes, and at last anything. Null: all were tried.
    private static bool[]? Choose(CrashPoint point, int round, int seed, int index)
    {
        int n = point.Pieces;
        if (n <= 6)
            return round < 1 << n ? [.. Enumerable.Range(0, n).Select(piece => (round >> piece & 1) != 0)] : null;
        if (round < 2)
            return [.. Enumerable.Repeat(round == 1, n)];
        var random = new Random(seed * 1_000_003 + index * 1009 + round);
        int one = random.Next(n);
        double share = random.NextDouble();
        HashSet<int> writes = [.. Enumerable.Range(0, n).Select(point.EventOf).Distinct().Where(_ => random.NextDouble() < share)];
        return (round % 4) switch
        {
            0 => [.. Enumerable.Range(0, n).Select(piece => piece != one)],
            1 => [.. Enumerable.Range(0, n).Select(piece => piece == one)],
            2 => [.. Enumerable.Range(0, n).Select(piece => writes.Contains(point.EventOf(piece)))],
            _ => [.. Enumerable.Range(0, n).Select(_ => random.NextDouble() < share)],
        };
    }
}
