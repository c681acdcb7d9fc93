namespace HashGrid.Server.Indexing;

/// <summary>When a serving index is worth a new snapshot.</summary>
/// <param name="Changes">Changes since the last one; 0: changes alone are no reason. A large index waits for a quarter of its codes.</param>
/// <param name="Interval">Time since the last one, if enough has changed to be worth a file; zero: time alone is no reason.</param>
/// <remarks>
/// A snapshot writes the whole index. With a quarter of the codes new each time, all snapshots together write at most about five times
/// what came in, and a start indexes at most a quarter of the codes again.
/// </remarks>
public sealed record SnapshotPolicy(long Changes, TimeSpan Interval)
{
    /// <summary>Indexed again in well under a second; below that a snapshot would only wear the disk.</summary>
    public const long WorthIt = 100_000;

    /// <summary>Whether a snapshot is due.</summary>
    /// <param name="changes">Changes that no snapshot holds.</param>
    /// <param name="codes">Codes in the index.</param>
    /// <param name="elapsed">Time since the last snapshot, or since the start.</param>
    public bool IsDue(long changes, long codes, TimeSpan elapsed) =>
        (Changes > 0 && changes >= Math.Max(Changes, codes / 4)) || (Interval > TimeSpan.Zero && elapsed >= Interval && changes >= WorthIt);
}
