using System.Globalization;

namespace HashGrid.Model;

/// <summary>Which network made a code: codes compare only if the fingerprints are equal.</summary>
/// <param name="Name">A short name for people.</param>
/// <param name="Fingerprint">SHA-256 over name, options and every tensor, 64 lower hexadecimal digits.</param>
/// <param name="Bits">Code width.</param>
/// <param name="Trunk"><c>resnet50</c> or <c>mobilenet_v2</c>.</param>
/// <param name="InputSize">Side of the square input, in pixels.</param>
public sealed record ModelIdentity(string Name, string Fingerprint, int Bits, string Trunk, int InputSize)
{
    /// <summary>Widths w, separated by commas, whose codes are the first w bits of a code; the metadata <c>nested_bits</c> of the weights. Empty: only <see cref="Bits"/>.</summary>
    public string NestedBits { get; init; } = "";

    /// <summary>Every width that the network was trained to give, ascending; <see cref="Bits"/> is the last.</summary>
    public IReadOnlyList<int> Widths =>
        [.. NestedBits.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(width => int.Parse(width, CultureInfo.InvariantCulture)).Append(Bits).Distinct().Order()];
}
