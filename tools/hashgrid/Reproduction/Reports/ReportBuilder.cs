using System.Runtime.InteropServices;
using HashGrid.CommandLine.Reproduction.Pictures;
using HashGrid.Model.Attention;

namespace HashGrid.CommandLine.Reproduction.Reports;

/// <summary>Puts the report together: verdicts first, then each table and figure.</summary>
internal sealed class ReportBuilder(ReportData data, string folder, Workbench bench, IReadOnlyDictionary<string, SystemCost> costs, IReadOnlyList<FindingBox> boxes, string command)
{
    private readonly List<Part> _parts = [];

    private ReproSettings Settings => data.Settings;

    /// <summary>Draws every picture and writes report.md and report.html.</summary>
    public async Task WriteAsync(CancellationToken ct)
    {
        Introduce();
        Conclude();
        Retrieve();
        Cost();
        Ablate();
        await PictureAsync(ct);
        Localise();
        Head("How each was trained");
        _parts.Add(ReportTables.Recipes(data));
        ReportFiles.Write(folder, "The paper's tables and figures", _parts);
    }

    private void Introduce()
    {
        Say("\"Deep hashing retrieval for large-scale chest X-ray images\" (Journal of Image and Graphics 28(2), 2023) compares its network with six others. This is the same comparison on data at hand, written by one command:");
        _parts.Add(new Part.Code(command));
        CellResult any = data.Cells(ReproSystem.Ours)[0];
        Say($"{bench.Images.Count} pictures of {bench.Images.Select(image => image.Patient).Distinct().Count()} patients, {bench.Labels.Length} findings{(Settings.Source is { } source ? $", source {source}" : "")}. {data.Splits} splits by patient: 70 % of the patients to train and to search in ({any.Database} pictures in the first split), 30 % to ask ({any.Queries}). Relevant: at least one label in common. Full ranking by Hamming distance, ties by position; AP over all relevant pictures; nDCG@100 with gain 2^shared − 1. Intervals of a system's own scores: 95 %, patients resampled, the queries of every split together; how much splits differ stands beside them.");
        Say($"Every method that admits a pretrained trunk stands on the same one, ImageNet MobileNetV2, frozen, without augmentation: SSH, ITQ, DH, DRH and the network. DSH and ATH have networks of their own and start from random weights, as published. The network stands here twice: by the paper's loss and optimizer, and by the warm-start preset of `hashgrid train`. The paper's ResNet-50, its learning trunk and its 78 000 training pictures are not part of this, so its absolute figures are not to be expected; what can be compared is the order.");
        if (Settings.Smoke)
            Say("This was a smoke run: a few pictures and epochs. Its figures mean nothing.");
    }

    private void Conclude()
    {
        Head("Verdicts");
        Say("A claim holds here where the whole interval of the difference lies above zero, does not where it lies below, and cannot be judged otherwise; nor can it with one split or fewer than five patients. Differences are taken query by query within a split. Each end of an interval is the wider of two: that of patients resampled, the queries of every split together, which counts who was asked; and Student's t over the splits' mean differences, which counts that other patients and seeds train another network. Since splits share training patients, the second's variance is raised by the ratio of patients asked to patients trained on (Nadeau and Bengio, Machine Learning 52, 2003). The paper prints one mAP; its text says \"top-10\" beside it, so its margins stand beside mAP and mAP@10 alike.");
        foreach (string network in (string[])[ReproSystem.Ours, ReproSystem.PaperLoss])
        {
            _parts.Add(Claims.Leads(data, network));
            double[] least = [.. RetrievalMetric.All.Select(metric => Claims.Smallest(data, network, metric))];
            Say($"Smallest lead over the six: {SignedNumber.Text(least[0])} mAP, {SignedNumber.Text(least[1])} mAP@10 (the paper: +0.06), {SignedNumber.Text(least[2])} nDCG@100 (the paper: +0.04).");
        }
        _parts.Add(Claims.Ablations(data));
        _parts.Add(Claims.Costs(costs, data.Results[0].Database));
        Say("The paper's own figures, mAP 0.83 and nDCG@100 0.25 (0.86 and 0.27 on CheXpert), cannot be judged: they belong to data sets, a trunk and a training that are not at hand.");
    }

    private void Retrieve()
    {
        Head($"Table 1: retrieval, {Settings.MainBits} bits");
        Say("The paper does not state its code length.");
        _parts.Add(ReportTables.Retrieval(data));
        Head("By code width");
        Say("First split. The warm-start network is trained once, at the largest width; the first bits of its codes are codes of their own.");
        _parts.Add(ReportTables.Widths(data));
        Draw("map-by-width.png", "mAP by code width, first split; dashed: random order.", path => ReportCharts.Widths(path, data));
        Draw("precision-recall.png", "Precision by recall at the width of the tables, mean of the splits. Each point is the precision where a query has found that share of what is relevant to it, means over queries.", path => ReportCharts.Precision(path, data));
        Say(ReportCharts.Rising(data) is { Count: > 0 } rising
            ? $"Precision rises with recall for {string.Join(", ", rising)}: the first places are not the best there. A likely reason: codes gather the pictures of the database in a few groups, those learnt from labels most of all, and within a group the order means little; a query whose nearest group is the wrong one, or that falls at the edge of its own, finds the many of the right group after the first places."
            : "Precision falls with recall for every system, as it should: the first places are the best.");
        Draw("loss.png", "Figure 7: training loss by epoch, that of the first epoch being 1.", path => ReportCharts.Losses(path, data));
    }

    private void Cost()
    {
        Head("Table 2: time and memory");
        Say($"Measured on {RuntimeInformation.OSDescription}, {Processor()}, {Environment.ProcessorCount} processors, no GPU. Feature: the median of single pictures on one thread in the encoder of the service, decoded before. Retrieval: the median of exact searches for 10 neighbours in {data.Results[0].Database} codes, on one thread. Both were measured when everything was trained, system by system in turn. Training: of the codes, on features that the trunk gave once for all; nothing else of the paper's 2400 s is comparable. Memory: each training ran in a process of its own; the most that it took at any time beyond what it held before network and features were there. The program and libtorch are not part of that, features that a system reads from a file as it goes are not either.");
        _parts.Add(ReportTables.Costs(costs));
    }

    private void Ablate()
    {
        Head("Table 4: descriptors of the attention");
        Say("By the warm-start recipe. In print both tables are said to be CheXpert, yet their mAP of 0.83 is Table 1's of ChestX-ray8 and the nDCG of 0.27 Table 1's of CheXpert.");
        _parts.Add(ReportTables.Ablations(data, ReproSystem.NoPoints, ReproSystem.NoMax, ReproSystem.Ours));
        Head("Table 5: local and global features");
        _parts.Add(ReportTables.Ablations(data, ReproSystem.Local, ReproSystem.Global, ReproSystem.Ours));
    }

    private async Task PictureAsync(CancellationToken ct)
    {
        Head("Figure 4: retrieval");
        string weights = new ReproCell(ReproSystem.Of(ReproSystem.Ours), 1, Settings.Bits[^1], Settings.Bits).WeightsIn(folder);
        await Sheets.DrawAsync(Path.Combine(folder, "retrieval.jpg"), weights, Settings.MainBits, $"the network, warm start, {Settings.MainBits} bits; first split", bench, ct);
        _parts.Add(new Part.Picture("retrieval.jpg", "Held-out queries of the first split and their five nearest."));
        Head("Figure 5: attention");
        Draw("attention.jpg", "Held-out pictures; M from its lowest value (blue) to its highest (red) for the whole module and both ablations. The values stand in each map's corner: red in one map may be less than blue in another. White: boxes around findings, where there are any. A map has 7 x 7 places.", path =>
            new HeatMaps(Settings, folder, bench, boxes).Draw(path, ["whole", "without F_maxP, F_avgP", "without F_max"]));
        IReadOnlyList<(string System, double Sameness, double Saturated)> alike = new HeatMaps(Settings, folder, bench, boxes).Alike();
        string Each(Func<(string System, double Sameness, double Saturated), FormattableString> figure) =>
            string.Join(", ", alike.Select(one => $"{(one.System == ReproSystem.Ours ? "whole" : ReproSystem.Of(one.System).Title)} {FormattableString.Invariant(figure(one))}"));
        Say($"Does the map depend on the picture? Mean correlation between the maps of different held-out pictures; at 1 the network looks at the same places whatever a picture shows: {Each(one => $"{one.Sameness:F3}")}.");
        Say($"Is M saturated? Share of places with |M| above 0.95, where tanh is flat, so that M hardly depends on the picture and training hardly moves it: {Each(one => $"{100 * one.Saturated:F0} %")}.{(alike.Any(one => one.Saturated > 0.5) ? " Where that is most places, the module multiplies by a constant with a sign, and its heat maps show that constant." : "")}");
    }

    private void Localise()
    {
        Head("Figure 6: localisation");
        IReadOnlyList<(string System, Localisation Judged)> judged = new HeatMaps(Settings, folder, bench, boxes).Judge();
        if (judged[0].Judged.Count == 0)
        {
            Say("No picture here has a box around a finding: cannot be judged.");
            return;
        }
        Say("Boxes are ChestX-ray14's. Every boxed picture is shown to the networks of every split; none has seen a box. Pointing game: does the peak of the map lie in the box.");
        _parts.Add(new Part.Table(Localisation.Head, [.. judged.SelectMany(one => one.Judged.Rows(one.System == ReproSystem.Ours ? "whole" : ReproSystem.Of(one.System).Title))]));
        _parts.Add(new Part.Table(
            ["claim", "here (95 %)", "by split", "verdict"],
            [.. judged.Select(one => (string[])[$"{(one.System == ReproSystem.Ours ? "whole" : ReproSystem.Of(one.System).Title)}: the peak lies in the box more often than a random place", one.Judged.Lead().Signed(), one.Judged.Lead().Splits(), Verdict.Of(one.Judged.Lead())])]));
    }

    private void Draw(string file, string caption, Action<string> draw)
    {
        draw(Path.Combine(folder, file));
        _parts.Add(new Part.Picture(file, caption));
    }

    private void Head(string text) => _parts.Add(new Part.Heading(2, text));

    private void Say(string words) => _parts.Add(new Part.Text(words));

    private static string Processor()
    {
        const string List = "/proc/cpuinfo";
        string? line = File.Exists(List) ? File.ReadLines(List).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
