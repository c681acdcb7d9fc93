using System.Text;
using Grpc.Core;

namespace HashGrid.Server.Errors;

/// <summary>One line of the status table.</summary>
/// <param name="Reason">The cause.</param>
/// <param name="Status">The gRPC status that a call (or one item of a stream) ends with.</param>
/// <param name="Meaning">What happened, for people.</param>
/// <param name="Remedy">What the caller can do about it.</param>
/// <param name="RetryAfter">The hint that travels as <c>google.rpc.RetryInfo</c>; null where the same request would fail again.</param>
public sealed record ErrorEntry(ErrorReason Reason, StatusCode Status, string Meaning, string Remedy, TimeSpan? RetryAfter = null)
{
    /// <summary>The stable name for programs, e.g. <c>IMAGE_TRUNCATED</c>.</summary>
    public string Name { get; } = UpperSnake(Reason.ToString());

    /// <summary><c>ImageTruncated</c> as <c>IMAGE_TRUNCATED</c>.</summary>
    internal static string UpperSnake(string pascal)
    {
        StringBuilder name = new(pascal.Length + 4);
        foreach (char c in pascal)
        {
            if (char.IsUpper(c) && name.Length > 0) name.Append('_');
            name.Append(char.ToUpperInvariant(c));
        }
        return name.ToString();
    }
}
