using HashGrid.Model.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Losses;

public sealed class HashLossTests
{
    [Test]
    public void Compute_TwoStepsOfSgd_AgreeWithParity()
    {
        // In double precision, as the expected values were: batch norm over six values amplifies float32's rounding to per cents of a gradient.
        using HashNet net = Parity.Net();
        net.Table.To(ScalarType.Float64);
        (net.Training, net.TrunkTraining) = (true, true);
        using DisposeScope scope = NewDisposeScope();
        using optim.Optimizer optimizer = optim.SGD(net.Table.Parameters.Select(one => one.Value), 0.01, momentum: 0.9, weight_decay: 1e-4);
        Tensor x = Parity.Tensor("x").to_type(ScalarType.Float64), labels = Parity.Tensor("y").to_type(ScalarType.Float64);
        labels = cat([labels, (labels.sum(1, keepdim: true) == 0).to_type(ScalarType.Float64)], 1); // items without a finding say "No Finding", a label for pairs alone
        for (int step = 0; step < 2; step++)
        {
            optimizer.zero_grad();
            HashNetOutput output = net.Forward(x);
            HashLossTerms terms = HashLoss.Compute(output.Code, output.Logits, labels, new HashLossOptions());
            Assert.That(Parity.RelativeError(output.Code, $"train{step}.u"), Is.LessThan(1e-5), $"codes of step {step}");
            Assert.That(Parity.RelativeError(stack([terms.Contrastive, terms.Regulariser, terms.Classification, terms.Total]), $"train{step}.losses"), Is.LessThan(1e-5), $"losses of step {step}");
            terms.Total.backward();
            if (step == 1) // the expected gradients are those that the second step was made with
                foreach ((string name, TorchSharp.Modules.Parameter value) in net.Table.Parameters)
                    AssertClose(value.grad!, $"grad.{name}");
            optimizer.step();
        }
        foreach (string name in net.Table.Names)
            AssertClose(net.Table[name], $"after2.{name}");
    }

    [Test]
    public void Compute_TwoDissimilarCodes_IsTheValueByHand()
    {
        // u = (1, 0), (0, 0): D = 1, m = √4 = 2; L_c = ½ (2 − 1)²; L_r = mean(1, 2); L_cb = 2 ln 2 (one class each, logits 0)
        using DisposeScope scope = NewDisposeScope();
        HashLossTerms terms = HashLoss.Compute(tensor(new float[,] { { 1, 0 }, { 0, 0 } }), zeros(2, 2), tensor(new float[,] { { 1, 0 }, { 0, 1 } }), new HashLossOptions());
        Assert.Multiple(() =>
        {
            Assert.That(terms.Contrastive.item<float>(), Is.EqualTo(0.5).Within(1e-5));
            Assert.That(terms.Regulariser.item<float>(), Is.EqualTo(1.5).Within(1e-6));
            Assert.That(terms.Classification.item<float>(), Is.EqualTo(2 * Math.Log(2)).Within(1e-6));
            Assert.That(terms.Total.item<float>(), Is.EqualTo(0.5 + 0.75 + Math.Log(2)).Within(1e-5));
        });
    }

    [TestCase(false, 0.2928932, TestName = "Compute_NestedBits_MeanOverThePrefixes")]
    [TestCase(true, 0.1678932, TestName = "Compute_NestedBitsPerBit_EachPrefixByItsWidth")]
    public void Compute_NestedBits(bool perBit, double expected)
    {
        // u = (1, 0), (0, 0), dissimilar. First bit: D = 1, m = √2, ½ (√2 − 1)² = 0.0857864. Both: D = 1, m = 2, ½ (2 − 1)² = 0.5. A width of 3 is none of this code's.
        using DisposeScope scope = NewDisposeScope();
        var options = new HashLossOptions { NestedBits = [1, 3], PerBit = perBit };
        HashLossTerms terms = HashLoss.Compute(tensor(new float[,] { { 1, 0 }, { 0, 0 } }), null, tensor(new float[,] { { 1, 0 }, { 0, 1 } }), options);
        Assert.That(terms.Contrastive.item<float>(), Is.EqualTo(expected).Within(1e-6));
    }

    [Test]
    public void Compute_Targets_ReplaceLabelsInTheClassTermAlone()
    {
        // logit ln 3: ŷ = ¾. Target ½: −½ ln ¾ − ½ ln ¼ = 0.8369882. Both have the label, so the pair is similar and L_c = ½ · 1².
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = full(2, 1, Math.Log(3)), labels = ones(2, 1);
        HashLossTerms terms = HashLoss.Compute(tensor(new float[,] { { 1 }, { 2 } }), logits, labels, new HashLossOptions(), targets: labels / 2);
        Assert.That(terms.Classification.item<float>(), Is.EqualTo(0.8369882).Within(1e-6));
        Assert.That(terms.Contrastive.item<float>(), Is.EqualTo(0.5).Within(1e-6));
    }

    [TestCase(false, (0.5 + 0.0857864 + 0.0857864) / 3)]
    [TestCase(true, (0.5 + 0.0857864) / 2)]
    public void Compute_BalancePairs_SimilarOnesWeighAsMuchAsAllOthers(bool balance, double expected)
    {
        // Corners of a triangle with sides of 1: one similar pair, ½ · 1² each; two others, ½ (√2 − 1)² = 0.0857864 each.
        using DisposeScope scope = NewDisposeScope();
        Tensor labels = tensor(new float[,] { { 1, 0 }, { 1, 0 }, { 0, 1 } });
        Tensor code = tensor(new float[,] { { 0, 0 }, { 1, 0 }, { 0.5f, 0.8660254f } });
        HashLossTerms terms = HashLoss.Compute(code, null, labels, new HashLossOptions { BalancePairs = balance, Margin = Math.Sqrt(2) });
        Assert.That(terms.Contrastive.item<float>(), Is.EqualTo(expected).Within(1e-5));
    }

    [TestCase(0, 0)]
    [TestCase(0, 1)]
    [TestCase(0, 0.3)]
    [TestCase(-2, 1)]
    [TestCase(40, 0.3)]
    public void CrossEntropy_AnyLogit_GradientIsSigmoidLessTarget(double z, double target)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logit = tensor(new double[] { z }).requires_grad_();
        HashLoss.CrossEntropy(logit, tensor(new double[] { target })).sum().backward();
        Assert.That(logit.grad!.item<double>(), Is.EqualTo((1 / (1 + Math.Exp(-z))) - target).Within(1e-12));
    }

    [Test]
    public void Compute_ListWise_IsTheValueByHand()
    {
        // Codes (1, 1), (1, 1), (−1, −1); the first two share a label. With τ k = 1 each of them sees the other at 0 and the third at 2: −ln(1 / (1 + e⁻²)) = 0.1269280.
        // The third shares nothing with anybody and is left out. A third label in common would make the gain 2³ − 1, but of a list with one similar image it is all the same.
        using DisposeScope scope = NewDisposeScope();
        Tensor code = tensor(new float[,] { { 20, 20 }, { 20, 20 }, { -20, -20 } }), labels = tensor(new float[,] { { 1, 0 }, { 1, 0 }, { 0, 1 } });
        float Total(double weight) => HashLoss.Compute(code, null, labels, new HashLossOptions { ListWise = weight, ListTemperature = 0.5 }).Total.item<float>();
        Assert.That(Total(3) - Total(0), Is.EqualTo(3 * 0.1269280).Within(1e-4));
    }

    [Test]
    public void Compute_ListWise_GainsGrowWithLabelsInCommon()
    {
        // The first shares two labels with the second (gain 3), one with the third (gain 1); distances 0 and 1 of one bit, τ k = 1: ¾ · ln(1 + e⁻¹) + ¼ · (1 + ln(1 + e⁻¹)) = 0.5632617.
        using DisposeScope scope = NewDisposeScope();
        Tensor shared = tensor(new float[,] { { 2, 2, 1 }, { 0, 2, 0 }, { 0, 0, 1 } });
        Tensor loss = ListLoss.Compute(tensor(new float[,] { { 20 }, { 20 }, { -20 } }), shared, ones(3, 3, dtype: ScalarType.Bool), 1);
        Assert.That(loss.item<float>(), Is.EqualTo(0.5632617).Within(1e-6));
    }

    [TestCase(0, TestName = "Compute_AnyCode_GradientIsTheFiniteDifference")]
    [TestCase(1, TestName = "Compute_AnyCodeListWise_GradientIsTheFiniteDifference")]
    public void Compute_AnyCode_Gradient(double listWise)
    {
        var options = new HashLossOptions { ListWise = listWise, NestedBits = [3] };
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(5);
        Tensor labels = tensor(new float[,] { { 1, 0 }, { 1, 1 }, { 0, 0 }, { 0, 1 } }), code = randn([4, 6], dtype: ScalarType.Float64, generator: generator);
        double Loss(Tensor u) => HashLoss.Compute(u, null, labels, options).Total.item<double>();
        Tensor leaf = code.clone().requires_grad_();
        HashLoss.Compute(leaf, null, labels, options).Total.backward();
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 6; j++)
            {
                Tensor up = code.clone(), down = code.clone();
                up[i, j] += 1e-5;
                down[i, j] -= 1e-5;
                Assert.That(leaf.grad![i, j].item<double>(), Is.EqualTo((Loss(up) - Loss(down)) / 2e-5).Within(1e-6), $"element {i}, {j}");
            }
    }

    [Test]
    public void Pairs_UnknownLabels_OnlyCertainPairsCount()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor labels = tensor(new float[,] { { 1, 0 }, { 0, 0 }, { 0, 1 }, { 1, 0 } }), known = tensor(new float[,] { { 1, 1 }, { 0, 1 }, { 1, 1 }, { 1, 0 } });
        (Tensor similar, Tensor certain) = HashLoss.Pairs(labels, known);
        Assert.Multiple(() =>
        {
            Assert.That(certain[0, 1].item<bool>(), Is.False, "the second may have the first's label");
            Assert.That(certain[0, 2].item<bool>(), Is.True);
            Assert.That(similar[0, 2].item<bool>(), Is.False);
            Assert.That(similar[0, 3].item<bool>() && certain[0, 3].item<bool>(), Is.True, "one shared label settles it");
            Assert.That(certain[2, 3].item<bool>(), Is.False, "the last may have the third's label");
        });
    }

    private static void AssertClose(Tensor actual, string name)
    {
        if (!Parity.Expected.ContainsKey(name))
            Assert.Fail($"no expected tensor {name}");
        using Tensor expected = Parity.Tensor(name);
        double error = (actual - expected).abs().max().to_type(ScalarType.Float64).item<double>(), scale = expected.abs().max().item<float>();
        Assert.That(error, Is.LessThan(1e-4 * Math.Max(scale, 1e-3)), name);
    }
}
