namespace HashGrid.Model;

/// <summary>Which network made a code: codes compare only if the fingerprints are equal.</summary>
/// <param name="Name">A short name for people.</param>
/// <param name="Fingerprint">SHA-256 over name, options and every tensor, 64 lower hexadecimal digits.</param>
/// <param name="Bits">Code width.</param>
/// <param name="Trunk"><c>resnet50</c> or <c>mobilenet_v2</c>.</param>
/// <param name="InputSize">Side of the square input, in pixels.</param>
public sealed record ModelIdentity(string Name, string Fingerprint, int Bits, string Trunk, int InputSize);
