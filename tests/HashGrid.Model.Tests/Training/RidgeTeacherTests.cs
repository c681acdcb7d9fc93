using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Training;

public sealed class RidgeTeacherTests
{
    [Test]
    public void Predict_LinearLabels_RanksPicturesItHasNotSeen()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(7);
        Tensor features = randn([200, 5], generator: generator), labels = (features.narrow(1, 2, 1) > 0).to_type(ScalarType.Float32);
        Tensor scores = RidgeTeacher.Predict(features, labels, ones_like(labels), Patients(200), ridge: 1);
        double right = ((scores > 0.5) == (labels > 0.5)).to_type(ScalarType.Float32).mean().item<float>();
        Assert.That(right, Is.GreaterThan(0.9));
    }

    [Test]
    public void Predict_NoiseLabels_DoesNotKnowThemByHeart()
    {
        // One picture, one feature of its own: fitted with the picture, it would be right each time.
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(7);
        Tensor labels = (rand([60, 1], generator: generator) > 0.5).to_type(ScalarType.Float32);
        float[] scores = RidgeTeacher.Predict(eye(60), labels, ones_like(labels), Patients(60), ridge: 0.1).data<float>().ToArray();
        Assert.That(scores, Is.All.InRange(0.3f, 0.7f));
    }

    [Test]
    public void Predict_NoFeatureKnowsAnything_GivesEachClassItsOwnFrequency()
    {
        // The mean is per class: one of all classes together once hid behind the clamp.
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(7);
        Tensor often = (rand([400, 1], generator: generator) < 0.8).to_type(ScalarType.Float32), seldom = (rand([400, 1], generator: generator) < 0.1).to_type(ScalarType.Float32);
        Tensor labels = cat([often, seldom], 1), scores = RidgeTeacher.Predict(randn([400, 3], generator: generator), labels, ones_like(labels), Patients(400));
        Assert.That((scores.mean([0]) - labels.mean([0])).abs().max().item<float>(), Is.LessThan(0.01));
        Assert.That(scores.std(0).max().item<float>(), Is.LessThan(0.05));
    }

    [Test]
    public void Fit_LinearLabels_TheModelOfAllAndCrossFittedScores()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(8);
        Tensor features = randn([200, 5], generator: generator) + 3, labels = (features.narrow(1, 2, 1) > 3).to_type(ScalarType.Float32);
        (Tensor weights, Tensor offset, Tensor mean, Tensor unseen) = RidgeTeacher.Fit(features, labels, ones_like(labels), Patients(200), ridge: 1);
        Tensor seen = features.mm(weights) + offset + mean;
        Assert.That(seen.mean().item<float>(), Is.EqualTo(mean.item<float>()).Within(1e-4), "the offset belongs to the features as given");
        Assert.That((seen - unseen).abs().max().item<float>(), Is.GreaterThan(1e-4).And.LessThan(0.1), "the two models differ by a tenth of the patients");
        Assert.That((seen - labels).square().mean().item<float>(), Is.LessThan((unseen - labels).square().mean().item<float>()));
    }

    [Test]
    public void Predict_UnknownLabels_CountForNothing()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(7);
        Tensor features = randn([40, 3], generator: generator), known = (rand([40, 1], generator: generator) > 0.3).to_type(ScalarType.Float32);
        Tensor labels = (rand([40, 1], generator: generator) > 0.5).to_type(ScalarType.Float32);
        Tensor one = RidgeTeacher.Predict(features, labels * known, known, Patients(40)), other = RidgeTeacher.Predict(features, labels * known + (1 - known), known, Patients(40));
        Assert.That((one - other).abs().max().item<float>(), Is.LessThan(1e-6));
    }

    /// <summary>Two pictures a patient.</summary>
    private static string[] Patients(int count) => [.. Enumerable.Range(0, count).Select(i => $"p{i / 2}")];
}
