namespace HashGrid.Server.Storage;

/// <summary>The model whose codes a store holds. Codes of two models must never be compared, so a store opens with its own model only.</summary>
/// <param name="Name">For people; not compared.</param>
/// <param name="Fingerprint">SHA-256 of the weights, lower-case hex, 64 characters.</param>
/// <param name="Bits">Code width in bits, 8 to 1024.</param>
public sealed record StoreModel(string Name, string Fingerprint, int Bits)
{
    /// <summary>64-bit words in one code.</summary>
    public int Words => (Bits + 63) / 64;
}
