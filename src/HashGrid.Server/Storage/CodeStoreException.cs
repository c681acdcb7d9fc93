namespace HashGrid.Server.Storage;

/// <summary>A store could not be opened, or refuses an operation.</summary>
public sealed class CodeStoreException : Exception
{
    public CodeStoreException(CodeStoreProblem reason, string message, long? offset = null, Exception? inner = null)
        : base(message, inner)
    {
        Reason = reason;
        Offset = offset;
    }

    /// <summary>The cause, as one word.</summary>
    public CodeStoreProblem Reason { get; }

    /// <summary>Journal address or file offset of the damage, in bytes, if there is one.</summary>
    public long? Offset { get; }
}
