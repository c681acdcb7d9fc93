using HashGrid.Model.Losses;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Losses;

/// <summary>The gradient of the joint loss by every parameter of a small network, from pixels on, against finite differences.</summary>
public sealed class JointGradientTests
{
    private const double Step = 1e-6;

    private static readonly HashNetOptions Tiny = new()
    {
        TrunkWidth = 2,
        TrunkBlocks = [1, 1, 1, 1],
        InputSize = 64,
        RefinedWidth = 4,
        HiddenWidth = 6,
        Bits = 8,
        Labels = ["a", "b", "c"],
    };

    private static IEnumerable<TestCaseData> Cases()
    {
        yield return new TestCaseData(Tiny, new HashLossOptions()).SetArgDisplayNames("the paper's");
        yield return new TestCaseData(Tiny with { FeatureStage = 4, Mlp = AttentionMlp.Pixel, StandardDescriptors = true, ClassifyFromHidden = true, ShareRefinement = true }, new HashLossOptions { PerBit = true, NestedBits = [3], ListWise = 1, Balance = 0.5 }).SetArgDisplayNames("stage 4 and every further term");
        yield return new TestCaseData(Tiny with { StemChannels = 1, PooledMax = true, RefineStride = 1, RefinePool = false, RefineSkip = 3 }, new HashLossOptions { BalancePairs = true }).SetArgDisplayNames("other choices");
    }

    /// <summary>
    /// Along a random direction in each parameter, so that every element enters, the loss must rise as the gradient says. In double precision: the steps are small enough that hardly a ReLU bends within one.
    /// </summary>
    [TestCaseSource(nameof(Cases))]
    public void Compute_EveryParameter_GradientIsTheFiniteDifference(HashNetOptions options, HashLossOptions losses)
    {
        using var net = new HashNet(options, seed: 11);
        net.Table.To(ScalarType.Float64);
        (net.Training, net.TrunkTraining) = (true, true);
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(20261);
        Tensor pixels = rand([6, 64, 64], dtype: ScalarType.Float64, generator: generator);
        Tensor labels = tensor(new double[,] { { 1, 0, 0, 0 }, { 1, 1, 0, 0 }, { 0, 0, 0, 1 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 }, { 0, 1, 1, 0 } });
        Tensor known = ones_like(labels);
        known[4, 0] = 0;
        Tensor targets = labels.narrow(1, 0, 3) * 0.8 + 0.1;
        HashLossTerms Loss()
        {
            HashNetOutput output = net.Forward(pixels);
            return HashLoss.Compute(output.Code, output.Logits, labels, losses, known, targets);
        }

        Loss().Total.backward();

        int moved = 0;
        foreach ((string name, Parameter value) in net.Table.Parameters)
        {
            Tensor gradient = value.grad!;
            Assert.That(gradient, Is.Not.Null, name);
            moved += gradient.abs().max().item<double>() > 1e-7 ? 1 : 0;
            using DisposeScope inner = NewDisposeScope();
            Tensor along = randn(value.shape, dtype: ScalarType.Float64, generator: generator), start = value.detach().clone();
            along = along / along.norm();
            double At(double step)
            {
                using IDisposable frozen = no_grad();
                using DisposeScope pass = NewDisposeScope();
                value.copy_(start + along * step);
                return Loss().Total.item<double>();
            }
            double measured = (At(Step) - At(-Step)) / (2 * Step), told = (gradient * along).sum().item<double>();
            using (no_grad())
                value.copy_(start);
            Assert.That(told, Is.EqualTo(measured).Within(1e-5 * Math.Max(1, Math.Abs(measured))), name);
        }
        Assert.That(net.Table["attention.conv.weight"].grad!.abs().max().item<double>(), Is.GreaterThan(1e-6), "attention learns");
        Assert.That(net.Table["classifier.weight"].grad!.abs().max().item<double>(), Is.GreaterThan(1e-6), "the class term learns");
        Assert.That(moved, Is.GreaterThan(net.Table.Parameters.Count() / 2));
    }
}
