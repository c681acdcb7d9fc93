using HashGrid.Model.Datasets;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Training;

public sealed class HashLayerFitTests
{
    private const int Pictures = 160, Classes = 4;
    private static readonly string[] Patients = [.. Enumerable.Range(0, Pictures).Select(i => $"p{i / 2}")];

    [Test]
    public void Fit_NoisyQueries_OrdersBetterThanRandomDirections()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(3);
        Tensor labels = (rand([Pictures, Classes], generator: generator) > 0.6).to_type(ScalarType.Float32);
        Tensor seen = labels - labels.mean([0]) + (randn([Pictures, Classes], generator: generator) * 0.1), unseen = ((labels - labels.mean([0])) * 0.5) + (randn([Pictures, Classes], generator: generator) * 0.3);
        (Tensor weight, Tensor bias) = HashLayerFit.Fit(seen, unseen, labels, ones_like(labels), Patients, [16, 32], 0.25, seed: 5);
        Tensor random = randn([32, Classes], generator: generator);

        double learnt = Map(unseen, seen, weight, bias, labels), drawn = Map(unseen, seen, random, zeros(32), labels);
        Assert.That(learnt, Is.GreaterThan(drawn + 0.02), $"random directions have {drawn:F3}");
        Assert.That((nn.functional.linear(seen, weight, bias)).abs().mean().item<float>(), Is.EqualTo(1).Within(1e-4), "|u| over the database");
    }

    [Test]
    public void Fit_SameSeed_SameLayer()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(4);
        Tensor labels = (rand([Pictures, Classes], generator: generator) > 0.5).to_type(ScalarType.Float32), scores = randn([Pictures, Classes], generator: generator);
        Tensor One() => HashLayerFit.Fit(scores, scores, labels, ones_like(labels), Patients, [8], 0.25, seed: 9).Weight;
        Assert.That(One().data<float>().ToArray(), Is.EqualTo(One().data<float>().ToArray()));
    }

    private static double Map(Tensor queries, Tensor database, Tensor weight, Tensor bias, Tensor labels)
    {
        float[] Codes(Tensor scores) => nn.functional.linear(scores, weight, bias).data<float>().ToArray();
        float[] values = labels.data<float>().ToArray();
        LabelledImage[] Images(string prefix) => [.. Enumerable.Range(0, Pictures).Select(i => new LabelledImage($"{prefix}{i}.png", prefix + Patients[i], [.. Enumerable.Range(0, Classes).Where(c => values[(i * Classes) + c] > 0).Select(c => $"c{c}")], []))];
        return Evaluator.Score(Images("q"), Codes(queries), Images("d"), Codes(database), (int)weight.shape[0]).Map;
    }
}
