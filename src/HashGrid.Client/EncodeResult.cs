namespace HashGrid.Client;

/// <summary>What became of one image.</summary>
/// <param name="Tag">The tag of its <see cref="ImageItem"/>.</param>
/// <param name="Code">The code; <c>default</c> when <paramref name="Failure"/> is set.</param>
/// <param name="Failure">Why this image has no code, or null. The other images are not touched by it.</param>
public readonly record struct EncodeResult(ulong Tag, BinaryCode Code, ItemFailure? Failure);
