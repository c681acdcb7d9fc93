namespace HashGrid.Model.Training;

/// <summary>Which pictures an epoch shows when rare findings shall be seen more often than they occur.</summary>
/// <remarks>
/// A picture's weight is the greatest of f_c^−p over its classes c, f_c being the share of pictures with that class, and "no class" a class of its own: with p = ½ the
/// repeat factors of Gupta et al., "LVIS", CVPR 2019; with p = 1 every class is about as frequent as the others, as far as pictures with several of them admit.
/// Drawn systematically, so that a picture comes as often as its weight says, rounded up or down, and no epoch misses a common one for long.
/// </remarks>
internal static class ClassBalance
{
    /// <summary>As many positions as there are pictures, shuffled; the same for the same random numbers.</summary>
    /// <param name="labels">Pictures × classes, 0 or 1, row by row.</param>
    /// <param name="pictures">How many.</param>
    /// <param name="classes">How many.</param>
    /// <param name="power">p, 0 (every picture once) to 1.</param>
    /// <param name="random">Of this epoch.</param>
    public static int[] Order(ReadOnlySpan<float> labels, int pictures, int classes, double power, Random random)
    {
        int[] order = [.. Enumerable.Range(0, pictures)];
        if (power > 0) Draw(Weights(labels, pictures, classes, power), random, order);
        random.Shuffle(order);
        return order;
    }

    private static double[] Weights(ReadOnlySpan<float> labels, int pictures, int classes, double power)
    {
        int[] counts = new int[classes + 1];
        for (int i = 0; i < pictures; i++)
            foreach (int one in Of(labels.Slice(i * classes, classes)))
                counts[one]++;
        double[] weights = new double[pictures];
        for (int i = 0; i < pictures; i++)
            weights[i] = Of(labels.Slice(i * classes, classes)).Max(one => Math.Pow((double)counts[one] / pictures, -power));
        return weights;
    }

    private static int[] Of(ReadOnlySpan<float> row)
    {
        var classes = new List<int>();
        for (int one = 0; one < row.Length; one++)
            if (row[one] > 0)
                classes.Add(one);
        return classes.Count > 0 ? [.. classes] : [row.Length];
    }

    private static void Draw(double[] weights, Random random, int[] order)
    {
        double step = weights.Sum() / order.Length, next = random.NextDouble() * step, passed = 0;
        int drawn = 0;
        for (int i = 0; i < weights.Length; i++)
            for (passed += weights[i]; drawn < order.Length && next < passed; next += step)
                order[drawn++] = i;
        while (drawn < order.Length) // what rounding left out
            order[drawn++] = order.Length - 1;
    }
}
