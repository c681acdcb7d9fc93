using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace HashGrid.Model;

/// <summary>Which network made a code: codes compare only if the fingerprints are equal.</summary>
/// <param name="Name">A short name for people.</param>
/// <param name="Fingerprint">SHA-256 over name, options and every tensor, and the precision unless it is float32; 64 lower hexadecimal digits.</param>
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

    /// <summary>The same network in another precision: some bits of its codes differ, so they must not lie in one store with those of float32.</summary>
    /// <param name="precision">Becomes part of the name.</param>
    /// <param name="details">Whatever else decides the codes.</param>
    internal ModelIdentity In(string precision, string details) => this with
    {
        Name = $"{Name}-{precision}",
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Fingerprint}\n{precision}\n{details}"))),
    };
}
