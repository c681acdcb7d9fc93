using System.Globalization;
using HashGrid.Index;

namespace HashGrid.Server.Indexing;

/// <summary>Index snapshots, <c>STOREID-SEQUENCE.index</c>. A snapshot is a view: one that is damaged or foreign is passed over.</summary>
internal sealed class SnapshotFolder(string folder, Guid storeId)
{
    public const string Extension = ".index";

    /// <summary>File of the snapshot that covers a store up to a sequence.</summary>
    public static string NameOf(Guid storeId, long sequence) => string.Create(CultureInfo.InvariantCulture, $"{storeId:N}-{sequence:x16}{Extension}");

    /// <summary>Opens the newest snapshot that verifies and is not ahead of the store.</summary>
    public (HammingIndex Index, long Sequence)? OpenNewest(IndexHostOptions options, long durable)
    {
        foreach ((string path, long sequence) in Newest())
        {
            if (sequence > durable)
                continue;
            try
            {
                HammingIndex index = HammingIndex.Open(path, options.Index);
                if (index.Width == options.Width)
                    return (index, sequence);
                index.Dispose();
            }
            catch (Exception e) when (e is IndexFormatException or IOException or UnauthorizedAccessException)
            {
                // The journal holds everything: an older snapshot, or none, only makes the start slower.
            }
        }
        return null;
    }

    /// <summary>Writes a snapshot and deletes those before its predecessor.</summary>
    public long Save(HammingIndex index, long sequence)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, NameOf(storeId, sequence));
        index.Save(path);
        foreach ((string old, _) in Newest().Skip(2).ToList())
            File.Delete(old);
        return new FileInfo(path).Length;
    }

    private IEnumerable<(string Path, long Sequence)> Newest()
    {
        if (!Directory.Exists(folder))
            return [];
        return Directory.EnumerateFiles(folder, $"{storeId:N}-*{Extension}")
            .Select(path => (path, Sequence: SequenceOf(path)))
            .Where(s => s.Sequence >= 0)
            .OrderByDescending(s => s.Sequence);
    }

    private static long SequenceOf(string path) =>
        long.TryParse(Path.GetFileNameWithoutExtension(path).AsSpan(33), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long sequence) ? sequence : -1;
}
