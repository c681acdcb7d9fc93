using HashGrid.Model.Rivals;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Rivals;

public sealed class DhFitTests
{
    [Test]
    public void Fit_AnyFeatures_Descends()
    {
        using DisposeScope scope = NewDisposeScope();
        using var net = (PooledNet)RivalNet.Create(RivalNetTests.Options(RivalMethod.Dh, 16));
        using var generator = new Generator(4);
        using Tensor x = randn([150, net.Channels], generator: generator) + 1;
        IReadOnlyList<double> objective = DhFit.Fit(net, x, iterations: 100);
        Assert.That(objective, Has.Count.GreaterThan(5));
        Assert.That(objective[^1], Is.LessThan(objective[0]));
    }

    [Test]
    public void Fit_FeaturesInClusters_TheOrthogonalityTermKeepsRowsApart()
    {
        // Clusters pull every unit towards the same few directions. With the published λ₂ of 0.001 the term is too weak to be seen in any figure here: what is near orthogonal is then the start.
        double without = Cosine(0), with = Cosine(100);
        TestContext.Out.WriteLine($"largest mean cosine between rows of a layer: {without:F3} without, {with:F3} with");
        Assert.That(with, Is.LessThan(0.08));
        Assert.That(without, Is.GreaterThan(0.12));

        double Cosine(double orthogonality)
        {
            using DisposeScope scope = NewDisposeScope();
            using var net = (PooledNet)RivalNet.Create(RivalNetTests.Options(RivalMethod.Dh, 16));
            using var generator = new Generator(4);
            Tensor x = randn([150, net.Channels], generator: generator), centres = randn([5, net.Channels], generator: generator) * 3;
            for (int i = 0; i < 150; i++)
                x[i] += centres[i * i % 5];
            DhFit.Fit(net, x, iterations: 100, orthogonality: orthogonality);
            return net.WeightNames.Max(name =>
            {
                Tensor rows = nn.functional.normalize(net.Table[name], 2, 1);
                return (rows.mm(rows.t()) - eye(rows.shape[0])).square().mean().sqrt().item<float>();
            });
        }
    }

    [Test]
    public void Objective_OneLayerByHand_IsTheSumOfItsTerms()
    {
        using DisposeScope scope = NewDisposeScope();
        using var net = (PooledNet)RivalNet.Create(RivalNetTests.Options(RivalMethod.Dh, 8) with { Layers = [] });
        using (no_grad())
        {
            net.Table["hash.weight"].copy_(eye(8, net.Channels) * 2);
            net.Table["hash.bias"].zero_();
        }
        using Tensor x = zeros(2, net.Channels);
        x[0, 0] = 0.5f; // h = tanh(1) in one place, 0 elsewhere
        double h = Math.Tanh(1), spread = h * h;
        double expected = 0.5 * (((1 - h) * (1 - h)) + 15) - (100 / 4.0 * spread) + (0.001 / 2 * 8 * 9) + (0.001 / 2 * 8 * 4);
        Assert.That(DhFit.Objective(net, x).item<float>(), Is.EqualTo(expected).Within(1e-4));
    }
}
