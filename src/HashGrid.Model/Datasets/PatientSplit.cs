namespace HashGrid.Model.Datasets;

/// <summary>Splits a data set so that no patient is on both sides.</summary>
public static class PatientSplit
{
    /// <summary>Puts about <paramref name="share"/> of the patients into the second part.</summary>
    /// <param name="images">Any order.</param>
    /// <param name="share">0 to 1.</param>
    /// <param name="seed">The same seed gives the same split, whatever the order of the images.</param>
    public static (IReadOnlyList<LabelledImage> Train, IReadOnlyList<LabelledImage> HeldOut) Split(IReadOnlyList<LabelledImage> images, double share, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        string[] patients = [.. images.Select(image => image.Patient).Distinct().Order(StringComparer.Ordinal)];
        new Random(seed).Shuffle(patients);
        var held = patients.Take((int)Math.Round(patients.Length * share)).ToHashSet();
        return ([.. images.Where(image => !held.Contains(image.Patient))], [.. images.Where(image => held.Contains(image.Patient))]);
    }
}
