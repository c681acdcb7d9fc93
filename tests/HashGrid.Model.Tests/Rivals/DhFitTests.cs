using HashGrid.Model.Rivals;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Rivals;

public sealed class DhFitTests
{
    [Test]
    public void Fit_AnyFeatures_DescendsAndStaysNearOrthogonal()
    {
        using DisposeScope scope = NewDisposeScope();
        using var net = (PooledNet)RivalNet.Create(RivalNetTests.Options(RivalMethod.Dh, 16));
        using var generator = new Generator(4);
        using Tensor x = randn([150, net.Channels], generator: generator) + 1;
        IReadOnlyList<double> objective = DhFit.Fit(net, x, iterations: 100);
        Assert.That(objective, Has.Count.GreaterThan(5));
        Assert.That(objective[^1], Is.LessThan(objective[0]));
        foreach (string name in net.WeightNames)
        {
            Tensor rows = nn.functional.normalize(net.Table[name], 2, 1);
            Assert.That((rows.mm(rows.t()) - eye(rows.shape[0])).square().mean().sqrt().item<float>(), Is.LessThan(0.05), $"cosines between the rows of {name}");
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
