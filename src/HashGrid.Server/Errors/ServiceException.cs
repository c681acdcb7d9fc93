namespace HashGrid.Server.Errors;

/// <summary>A failure that the service itself decided on; its status comes from <see cref="ErrorTable"/>.</summary>
public sealed class ServiceException : Exception
{
    /// <param name="reason">The cause.</param>
    /// <param name="message">One line: what, found, expected, what to do. No image content, ids or names.</param>
    /// <param name="inner">What led to it, for the log.</param>
    public ServiceException(ErrorReason reason, string message, Exception? inner = null)
        : base(message, inner) => Reason = reason;

    public ErrorReason Reason { get; }
}
