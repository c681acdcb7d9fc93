namespace HashGrid.Model.Datasets;

/// <summary>Which labels make two pictures similar in training, and relevant to each other in evaluation: one rule for both.</summary>
/// <remarks>
/// Two pictures are similar when at least one label stands with both. "No Finding" is such a label, though no class, unless findings alone are to count. It has to be written: a picture without any label
/// is similar to none, since nothing written may mean that nobody looked.
/// </remarks>
public static class PairLabels
{
    /// <summary>The labels of a picture that count.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="findingsOnly">Leave "No Finding" out.</param>
    public static IEnumerable<string> Of(LabelledImage image, bool findingsOnly = false) => image.Labels.Where(label => Counts(label, findingsOnly));

    /// <summary>How many of them two pictures share; more than 0: similar, and relevant to each other.</summary>
    public static int Shared(LabelledImage a, LabelledImage b, bool findingsOnly = false) => Of(a, findingsOnly).Count(b.Labels.Contains);

    /// <summary>Columns of a label matrix by which pairs are judged: the classes in their order, then every other label of the pictures that counts, in ordinal order.</summary>
    /// <param name="classes">What the network tells apart.</param>
    /// <param name="images">Whose labels, known or not, get a column.</param>
    /// <param name="findingsOnly">Leave "No Finding" out.</param>
    public static string[] Columns(IReadOnlyList<string> classes, IEnumerable<LabelledImage> images, bool findingsOnly = false) =>
        [.. classes, .. images.SelectMany(image => image.Labels.Concat(image.Unknown)).Distinct().Where(label => Counts(label, findingsOnly)).Except(classes).Order(StringComparer.Ordinal)];

    private static bool Counts(string label, bool findingsOnly) => !findingsOnly || label != LabelledImage.NoFinding;
}
