namespace HashGrid.Model.Evaluation;

/// <summary>A mean with its 95 % interval over resampled patients (bootstrap, 1000 rounds).</summary>
/// <param name="Mean">Of all values.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public readonly record struct PatientInterval(double Mean, double Low, double High)
{
    private const int Rounds = 1000;

    /// <summary>All values of a patient go together, from however many splits they come: they are not independent.</summary>
    /// <param name="values">Any number of any patients; not a number without any.</param>
    public static PatientInterval Of(IEnumerable<(string Patient, double Value)> values)
    {
        (double Sum, int Count)[] patients =
            [.. values.GroupBy(one => one.Patient).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Sum(one => one.Value), group.Count()))];
        if (patients.Length == 0)
            return new PatientInterval(double.NaN, double.NaN, double.NaN);
        var random = new Random(1);
        double[] means = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            double sum = 0;
            int count = 0;
            for (int i = 0; i < patients.Length; i++)
            {
                (double part, int queries) = patients[random.Next(patients.Length)];
                (sum, count) = (sum + part, count + queries);
            }
            means[round] = sum / count;
        }
        Array.Sort(means);
        return new PatientInterval(patients.Sum(one => one.Sum) / patients.Sum(one => one.Count), means[25], means[974]);
    }
}
