namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>What the paper prints. Source: Journal of Image and Graphics 28(2), 2023, tables 1, 2, 4 and 5.</summary>
internal static class PaperFigures
{
    /// <summary>Table 1: nDCG@100 and mAP on ChestX-ray8, then on CheXpert.</summary>
    public static IReadOnlyDictionary<string, (double Ndcg, double Map, double NdcgCheXpert, double MapCheXpert)> Retrieval { get; } =
        new Dictionary<string, (double, double, double, double)>
        {
            ["ssh"] = (0.13, 0.68, 0.15, 0.69),
            ["itq"] = (0.16, 0.65, 0.19, 0.71),
            ["dh"] = (0.12, 0.49, 0.13, 0.54),
            ["dsh"] = (0.18, 0.68, 0.20, 0.73),
            ["drh"] = (0.19, 0.71, 0.22, 0.75),
            ["ath"] = (0.21, 0.77, 0.24, 0.81),
            [ReproSystem.PaperLoss] = (0.25, 0.83, 0.27, 0.86),
        };

    /// <summary>Table 2: feature in ms, retrieval in ms, training in s, memory of the GPU in MB.</summary>
    public static IReadOnlyDictionary<string, (double Feature, double Retrieval, double Training, double Memory)> Cost { get; } =
        new Dictionary<string, (double, double, double, double)>
        {
            ["ssh"] = (560, 2.8, 4.1, 3800),
            ["itq"] = (670, 2.6, 5, 3600),
            ["dh"] = (64, 4.8, 1800, 4900),
            ["dsh"] = (50, 6, 1770, 5800),
            ["drh"] = (42, 5, 1930, 6100),
            ["ath"] = (36, 3.4, 2300, 6700),
            [ReproSystem.PaperLoss] = (31, 3, 2400, 8700),
        };

    /// <summary>Tables 4 and 5: mAP, and nDCG@100 where it is given. The whole network's row is Table 5's.</summary>
    public static IReadOnlyDictionary<string, (double Map, double? Ndcg)> Ablations { get; } = new Dictionary<string, (double, double?)>
    {
        [ReproSystem.NoPoints] = (0.65, null),
        [ReproSystem.NoMax] = (0.76, null),
        [ReproSystem.Local] = (0.77, 0.12),
        [ReproSystem.Global] = (0.79, 0.17),
        [ReproSystem.Ours] = (0.83, 0.27),
    };
}
