using HashGrid.Model.Datasets;
using HashGrid.Model.Losses;
using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Datasets;

/// <summary>The loss and the metric judge every pair alike.</summary>
public sealed class PairLabelsTests
{
    private static readonly string[] Names = [LabelledImage.NoFinding, "Edema", "Support Devices", "Pneumonia"];

    /// <summary>Every set of four labels, so every pair of sets: none at all, "No Finding" alone, and "No Finding" beside another as CheXpert has it.</summary>
    private static readonly LabelledImage[] Every =
        [.. Enumerable.Range(0, 16).Select(set => new LabelledImage(TestFiles.Sample("images", "00000003_003.jpg"), $"{set}", [.. Names.Where((_, i) => (set >> i & 1) == 1)], []))];

    [Test]
    public void Shared_EveryPairOfLabelSets_LossAndMetricAgree([Values] bool findingsOnly)
    {
        using DisposeScope scope = NewDisposeScope();
        string[] classes = ["Pneumonia", "Edema", "Support Devices"];
        (Tensor labels, Tensor known) = PictureSet.Load(Every, 8).LabelMatrix(PairLabels.Columns(classes, Every, findingsOnly));
        (Tensor shared, Tensor certain) = HashLoss.Shared(labels, known);
        Assert.That(certain.all().item<bool>(), Is.True);
        for (int a = 0; a < Every.Length; a++)
            for (int b = 0; b < Every.Length; b++)
                Assert.That(shared[a, b].item<float>(), Is.EqualTo(PairLabels.Shared(Every[a], Every[b], findingsOnly)), $"{string.Join('|', Every[a].Labels)} against {string.Join('|', Every[b].Labels)}");
    }

    [Test]
    public void Shared_NoFinding_CountsUnlessFindingsAloneDo()
    {
        LabelledImage devices = Every[0b0101], nothing = Every[0b0001], unlabelled = Every[0];
        Assert.Multiple(() =>
        {
            Assert.That(PairLabels.Shared(devices, nothing), Is.EqualTo(1));
            Assert.That(PairLabels.Shared(devices, nothing, findingsOnly: true), Is.Zero);
            Assert.That(PairLabels.Shared(devices, devices, findingsOnly: true), Is.EqualTo(1));
            Assert.That(PairLabels.Shared(unlabelled, unlabelled), Is.Zero, "nothing written is not \"No Finding\"");
        });
    }

    [Test]
    public void Columns_ClassesFirst_ThenWhatElseCounts()
    {
        LabelledImage[] images = [Every[^1], new("", "", ["Mass"], ["Hernia"])];
        Assert.That(PairLabels.Columns(["Pneumonia"], images), Is.EqualTo(["Pneumonia", "Edema", "Hernia", "Mass", LabelledImage.NoFinding, "Support Devices"]));
        Assert.That(PairLabels.Columns(["Pneumonia"], images, findingsOnly: true), Does.Not.Contain(LabelledImage.NoFinding));
    }
}
