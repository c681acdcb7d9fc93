namespace HashGrid.Client;

/// <summary>One image to encode.</summary>
/// <param name="Tag">Chosen by the caller and returned with the result; need not be unique.</param>
/// <param name="File">A whole PNG or JPEG file. It is read until the result has come back: leave it unchanged.</param>
public readonly record struct ImageItem(ulong Tag, ReadOnlyMemory<byte> File);
