namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>The paper's tables with ours beside them.</summary>
internal static class ReportTables
{
    /// <summary>Table 1.</summary>
    public static Part.Table Retrieval(ReportData data)
    {
        List<string[]> rows = [.. ReproSystem.All.Where(system => !system.IsAblation).Select(system =>
        {
            bool printed = PaperFigures.Retrieval.TryGetValue(system.Id, out (double Ndcg, double Map, double NdcgCheXpert, double MapCheXpert) paper);
            return (string[])
            [
                system.Title,
                printed ? Text($"{paper.Ndcg:F2} / {paper.Map:F2}") : "",
                printed ? Text($"{paper.NdcgCheXpert:F2} / {paper.MapCheXpert:F2}") : "",
                data.Of(system.Id, RetrievalMetric.Ndcg).Text(),
                data.Of(system.Id, RetrievalMetric.Map).Text(),
                BySplit(data, system.Id),
                data.Of(system.Id, RetrievalMetric.MapAt10).Text(),
            ];
        })];
        rows.Add(["random order", "", "", "", Text($"{data.Mean(ReproSystem.Ours, one => one.MapRandom):F3}"), "", ""]);
        return new Part.Table(["system", "paper, ChestX-ray8: nDCG@100 / mAP", "paper, CheXpert", "here: nDCG@100 (95 %)", "here: mAP (95 %)", "mAP by split", "here: mAP@10 (95 %)"], rows);
    }

    /// <summary>Table 2.</summary>
    public static Part.Table Costs(IReadOnlyDictionary<string, SystemCost> costs) => new(
        ["system", "feature, ms (paper)", "retrieval, ms (paper)", "training, s (paper)", "memory, MB (paper: of the GPU)"],
        [.. ReproSystem.All.Where(system => !system.IsAblation).Select(system =>
        {
            bool printed = PaperFigures.Cost.TryGetValue(system.Id, out (double Feature, double Retrieval, double Training, double Memory) paper);
            SystemCost here = costs[system.Id];
            string Both(string own, double there) => own + (printed ? Text($" ({there})") : "");
            return (string[])
            [
                system.Title,
                Both(here.FeatureText, paper.Feature),
                Both(here.RetrievalText, paper.Retrieval),
                Both(here.TrainingText, paper.Training),
                Both(here.MemoryText, paper.Memory),
            ];
        })]);

    /// <summary>Tables 4 and 5.</summary>
    public static Part.Table Ablations(ReportData data, params string[] systems) => new(
        ["network", "paper: mAP", "paper: nDCG@100", "here: mAP (95 %)", "here: nDCG@100 (95 %)", "mAP by split"],
        [.. systems.Select(id => (string[])
        [
            id == ReproSystem.Ours ? "whole" : ReproSystem.Of(id).Title,
            Text($"{PaperFigures.Ablations[id].Map:F2}"),
            PaperFigures.Ablations[id].Ndcg is { } ndcg ? Text($"{ndcg:F2}") : "",
            data.Of(id, RetrievalMetric.Map).Text(),
            data.Of(id, RetrievalMetric.Ndcg).Text(),
            BySplit(data, id),
        ])]);

    /// <summary>mAP and nDCG@100 by code width, of the first split, and how far the warm-start network is from the best rival in each.</summary>
    public static Part.Table Widths(ReportData data)
    {
        int[] widths = data.Settings.Bits;
        List<string[]> rows = [.. ReproSystem.All.Where(system => !system.IsAblation).Select(system => (string[])
        [
            system.Title, .. widths.Select(bits => data.AtWidth(system.Id, bits) is { } scores ? Text($"{scores.Map:F3} / {scores.Ndcg100:F3}") : ""),
        ])];
        rows.Add(["warm start less the best of the six", .. widths.Select(bits => Lead(data, bits))]);
        return new Part.Table(["system", .. widths.Select(bits => $"{bits} bits: mAP / nDCG@100")], rows);
    }

    private static string Lead(ReportData data, int bits)
    {
        WidthScores[] rivals = [.. ReproSystem.All.Where(system => system.Rival is not null).Select(system => data.AtWidth(system.Id, bits)).OfType<WidthScores>()];
        return data.AtWidth(ReproSystem.Ours, bits) is { } own && rivals.Length > 0
            ? Text($"{SignedNumber.Text(own.Map - rivals.Max(one => one.Map))} / {SignedNumber.Text(own.Ndcg100 - rivals.Max(one => one.Ndcg100))}")
            : "";
    }

    /// <summary>How each system was trained.</summary>
    public static Part.Table Recipes(ReportData data) => new(
        ["system", "recipe"], [.. ReproSystem.All.Select(system => (string[])[system.Title, data.Cells(system.Id).FirstOrDefault()?.Recipe ?? ""])]);

    private static string BySplit(ReportData data, string system) => string.Join(", ", data.BySplit(system, RetrievalMetric.Map).Select(one => Text($"{one:F3}")));

    private static string Text(FormattableString text) => text.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
