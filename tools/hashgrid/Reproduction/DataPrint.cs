using System.Security.Cryptography;
using System.Text;
using HashGrid.Model.Datasets;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>What a plan's cells were measured on, so that none is kept when the data change.</summary>
/// <param name="Pictures">How many.</param>
/// <param name="Files">SHA-256 of names within the data folder and sizes in bytes, in order.</param>
/// <param name="Labels">SHA-256 of labels, labels that are not known, and patients, in order.</param>
internal sealed record DataPrint(int Pictures, string Files, string Labels)
{
    public static DataPrint Of(IReadOnlyList<LabelledImage> images, string folder) => new(
        images.Count,
        Hash(images.Select(image => $"{Path.GetRelativePath(folder, image.Path)}\n{(File.Exists(image.Path) ? new FileInfo(image.Path).Length : -1)}")),
        Hash(images.Select(image => $"{string.Join('|', image.Labels)}\n{string.Join('|', image.Unknown)}\n{image.Patient}")));

    /// <summary>What is different, in words; null if nothing is.</summary>
    public string? Difference(DataPrint now) =>
        Pictures != now.Pictures ? $"it was begun with {Pictures} pictures, and there are {now.Pictures} now"
        : Files != now.Files ? $"names, sizes or order of its {Pictures} pictures have changed"
        : Labels != now.Labels ? $"labels or patients of its {Pictures} pictures have changed"
        : null;

    private static string Hash(IEnumerable<string> rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string row in rows)
            hash.AppendData(Encoding.UTF8.GetBytes(row + "\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
