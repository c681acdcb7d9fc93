namespace HashGrid.Server.Storage;

/// <summary>An item of a stream that was refused, kept so that a client which resumes before it is told again.</summary>
/// <param name="StreamSequence">The item's position in its stream.</param>
/// <param name="StatusCode">The gRPC status code.</param>
/// <param name="Reason">The stable name of the cause.</param>
/// <param name="Message">One line for a person.</param>
public sealed record Refusal(ulong StreamSequence, uint StatusCode, string Reason, string Message)
{
    /// <summary>The id that holds the same content, if that is the reason.</summary>
    public ulong? DuplicateOf { get; init; }
}
