namespace HashGrid.Server.Storage;

/// <summary>Labels as the bits that the index keeps beside a code: label → bit CRC-32C(UTF-8) mod 64.</summary>
/// <remarks>
/// Two labels can share a bit, so bits say which codes cannot carry a label, and the record says which do. A number given out in order of appearance would be
/// exact, but would have to be as durable as the codes.
/// </remarks>
internal static class LabelBits
{
    /// <summary>The bit of one label.</summary>
    public static ulong Of(ReadOnlySpan<byte> utf8) => 1UL << (int)(Crc32C.Compute(utf8) % 64);

    /// <summary>The bits of some labels together.</summary>
    public static ulong Of(IEnumerable<string> labels) => labels.Aggregate(0UL, (bits, label) => bits | Of(System.Text.Encoding.UTF8.GetBytes(label)));
}
