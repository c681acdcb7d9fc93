namespace HashGrid.Index;

/// <summary>An index file is damaged, cut off, of another kind, or newer than this library.</summary>
/// <param name="reason">What is wrong.</param>
/// <param name="offset">Where in the file, in bytes: the start of the part that is wrong.</param>
/// <param name="message">Found, expected, and what to do.</param>
public sealed class IndexFormatException(IndexFormatProblem reason, long offset, string message) : Exception(message)
{
    /// <summary>What is wrong.</summary>
    public IndexFormatProblem Reason { get; } = reason;

    /// <summary>Byte offset of the part that is wrong.</summary>
    public long Offset { get; } = offset;
}
