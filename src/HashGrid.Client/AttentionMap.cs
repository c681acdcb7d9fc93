namespace HashGrid.Client;

/// <summary>Where the network looks in a query image: how much its local feature takes of each place.</summary>
/// <param name="Side">Places a side; the map covers the whole image.</param>
/// <param name="Values">Side · Side values of −1 to 1, row by row from the top left; a negative one takes away.</param>
public sealed record AttentionMap(int Side, ReadOnlyMemory<float> Values);
