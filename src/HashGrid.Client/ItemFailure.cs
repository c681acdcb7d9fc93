using Grpc.Core;

namespace HashGrid.Client;

/// <summary>Why one item of a stream was refused; the stream lives on.</summary>
/// <param name="Status">The status that a call for this item alone would have ended with.</param>
/// <param name="Reason">Stable name for programs, such as <c>IMAGE_TRUNCATED</c>.</param>
/// <param name="Message">One line for people: what, found, expected, what to do.</param>
public sealed record ItemFailure(StatusCode Status, string Reason, string Message);
