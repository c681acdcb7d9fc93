using HashGrid.Model.Rivals;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Rivals;

/// <summary>What the papers of ITQ and SSH prove of their solutions.</summary>
public sealed class LinearFitTests
{
    [Test]
    public void ItqFit_AnyFeatures_RotationIsOrthogonalAndTheErrorNeverRises()
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor x = Features(200, 40, 11);
        (Tensor mean, Tensor projection, Tensor rotation, IReadOnlyList<double> errors) = ItqFit.Fit(x, 16, seed: 5);
        Assert.That(Away(rotation.t().mm(rotation)), Is.LessThan(1e-10));
        Assert.That(Away(projection.t().mm(projection)), Is.LessThan(1e-10));
        Assert.That(errors, Has.Count.EqualTo(51));
        Assert.That(errors.Zip(errors.Skip(1), (before, after) => after - before).Max(), Is.LessThan(1e-9));
        Assert.That(errors[^1], Is.LessThan(0.9 * errors[0]));
        Tensor centred = x.to_type(ScalarType.Float64) - mean;
        Assert.That((centred.mm(projection).square().sum() - centred.square().sum()).item<double>(), Is.LessThan(0)); // a projection keeps less than all
    }

    [Test]
    public void ItqFit_MoreBitsThanThePicturesSpan_SaysHowMany()
    {
        using Tensor x = Features(10, 40, 1);
        Assert.That(Assert.Throws<ArgumentException>(() => ItqFit.Fit(x, 16))!.Message, Does.Contain("16 principal components").And.Contain("have 9"));
    }

    [Test]
    public void SshFit_AnyLabels_ItsObjectiveBeatsRandomDirectionsAndPca()
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor x = Features(120, 32, 3);
        using Tensor classes = tensor(Enumerable.Range(0, 120).Select(i => (long)(i % 3)).ToArray());
        Tensor labels = nn.functional.one_hot(classes, 3).to_type(ScalarType.Float32);
        (Tensor mean, Tensor w, Tensor m) = SshFit.Fit(x, labels, ones_like(labels), 8);
        double Value(Tensor directions) => directions.t().mm(m).mm(directions).diagonal().sum().item<double>();
        Assert.That(Away(w.t().mm(w)), Is.LessThan(1e-10));
        using var generator = new Generator(17);
        for (int trial = 0; trial < 20; trial++)
            Assert.That(Value(w), Is.GreaterThan(Value(linalg.qr(randn([32, 8], ScalarType.Float64, generator: generator)).Q)));
        Assert.That(Value(w), Is.GreaterThan(Value(PrincipalComponents.Of(x.to_type(ScalarType.Float64) - mean, 8))));
    }

    [Test]
    public void SshFit_BothPartsOfTheObjective_WeighTheSame()
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor x = Features(60, 12, 9);
        Tensor nothing = zeros(60, 2);
        (_, _, Tensor unknown) = SshFit.Fit(x, nothing, nothing, 4); // no pair is known: S = I, so M = 2 XᵀX
        Tensor centred = x.to_type(ScalarType.Float64) - x.to_type(ScalarType.Float64).mean([0]);
        Assert.That((unknown - 2 * centred.t().mm(centred)).abs().max().item<double>(), Is.LessThan(1e-8));
    }

    [Test]
    public void SshFit_FiftyThousandPictures_FormsPairsOfTheLabelledOnesAlone()
    {
        const int Count = 50_000; // all pairs would be 2.5 billion
        using DisposeScope scope = NewDisposeScope();
        using Tensor x = Features(Count, 8, 3);
        Tensor labels = zeros(Count, 2);
        labels.narrow(0, 0, Count / 2).select(1, 0).fill_(1);
        labels.narrow(0, Count / 2, Count / 2).select(1, 1).fill_(1);
        x.narrow(0, 0, Count / 2).select(1, 0).add_(4); // the narrowest direction tells the classes apart
        (_, Tensor w, _) = SshFit.Fit(x, labels, ones_like(labels), 2);
        Assert.That(Math.Abs(w[0, 0].item<double>()), Is.GreaterThan(0.9), "the first direction is the one that the labels point to");
    }

    /// <summary>Gaussian, each feature with a spread of its own.</summary>
    private static Tensor Features(int count, int width, ulong seed)
    {
        using var generator = new Generator(seed);
        return randn([count, width], generator: generator) * linspace(0.2, 2, width) + 3;
    }

    private static double Away(Tensor gram) => (gram - eye(gram.shape[0], dtype: ScalarType.Float64)).abs().max().item<double>();
}
