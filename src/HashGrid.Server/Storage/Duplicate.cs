namespace HashGrid.Server.Storage;

/// <summary>An item of a stream that was linked to content that was there, kept so that a client which resumes before it is told again.</summary>
/// <param name="StreamSequence">The item's position in its stream.</param>
/// <param name="Of">The id that held the content.</param>
public readonly record struct Duplicate(ulong StreamSequence, ulong Of);
