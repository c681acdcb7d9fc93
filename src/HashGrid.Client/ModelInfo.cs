namespace HashGrid.Client;

/// <summary>The network a server runs. Codes of two models must never be compared.</summary>
/// <param name="Name">For people, such as <c>mobilenet_v2-64</c>.</param>
/// <param name="Fingerprint">SHA-256 of weights and options, lower-case hexadecimal.</param>
/// <param name="Bits">Width of its codes in bits.</param>
/// <param name="InputPixels">Side of the square that every image is resized to, in pixels.</param>
/// <param name="Device"><c>cpu</c> or <c>cuda:0</c>.</param>
public sealed record ModelInfo(string Name, string Fingerprint, int Bits, int InputPixels, string Device);
