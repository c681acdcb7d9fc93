using System.Globalization;
using HashGrid.Server.Storage;

namespace HashGrid.Server.Indexing;

/// <summary>What the name of an index snapshot says: <c>STOREID-SEQUENCE-GENERATION-END-LINK.index</c>, numbers in hexadecimal.</summary>
/// <param name="StoreId">The store.</param>
/// <param name="Sequence">Every change up to here is in the file.</param>
/// <param name="End">A point of the journal that is not before any change in the file.</param>
/// <remarks>
/// A store id and a sequence alone do not tell one history from another: a restored store repeats its sequences with other changes, and a
/// compacted one forgets removes. The end does.
/// </remarks>
internal readonly record struct SnapshotName(Guid StoreId, long Sequence, JournalPoint End)
{
    public const string Extension = ".index";

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{StoreId:N}-{Sequence:x16}-{End.Generation:x}-{End.Sequence:x16}-{End.Link:x8}{Extension}");

    /// <returns>Null for another file, and for a snapshot of a build that did not name the end.</returns>
    public static SnapshotName? Parse(string fileName)
    {
        string[] parts = Path.GetFileNameWithoutExtension(fileName).Split('-');
        return parts.Length == 5
            && fileName.EndsWith(Extension, StringComparison.Ordinal)
            && Guid.TryParseExact(parts[0], "N", out Guid storeId)
            && Hex(parts[1], out long sequence) && Hex(parts[2], out long generation) && Hex(parts[3], out long end) && Hex(parts[4], out long link)
            && sequence >= 0 && sequence <= end && generation is >= 0 and <= int.MaxValue && link is >= 0 and <= uint.MaxValue
            ? new SnapshotName(storeId, sequence, new JournalPoint((int)generation, end, (uint)link))
            : null;

        static bool Hex(string text, out long value) => long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
