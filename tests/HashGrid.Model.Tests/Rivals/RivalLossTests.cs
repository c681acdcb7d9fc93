using HashGrid.Model.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Rivals;

/// <summary>Each loss against values worked out by hand.</summary>
public sealed class RivalLossTests
{
    [Test]
    public void DshLoss_ThreePictures_IsTheMeanOverPairs()
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor u = tensor(new float[,] { { 1, 1 }, { 0.5f, 1 }, { -1, 1 } });
        using Tensor similar = tensor(new[,] { { true, true, false }, { true, true, false }, { false, false, true } });
        // D²: 0.25, 4, 2.25; m = 4; |u| − 1 adds up to 0, 0.5, 0
        double expected = (((0.5 * 0.25) + (0.01 * 0.5)) + 0 + ((0.5 * 1.75) + (0.01 * 0.5))) / 3;
        Assert.That(DshLoss.Compute(u, similar, ones_like(similar)).item<float>(), Is.EqualTo(expected).Within(1e-6));
        Tensor certain = tensor(new[,] { { true, true, false }, { true, true, false }, { false, false, true } });
        Assert.That(DshLoss.Compute(u, similar, certain).item<float>(), Is.EqualTo((0.5 * 0.25) + 0.005).Within(1e-6));
    }

    [Test]
    public void DrhLoss_ThreeCodes_EqualsItsTermsByHand()
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor h = tensor(new float[,] { { 1, 1 }, { 1, 0 }, { -1, -1 } });
        using Tensor w = tensor(new float[,] { { 1, 0, 0 }, { 0, 2, 0 } });
        using Tensor similar = tensor(new[,] { { true, true, false }, { true, true, false }, { false, false, true } });
        // distances ½(2 − h·h'): 0-1 0.5, 0-2 2, 1-2 1.5; the third has nobody similar but itself, which does not count
        static double Soft(double own, double other) => Math.Exp(-own) / (Math.Exp(-own) + Math.Exp(-other));
        double retrieval = 1 - ((Soft(0.5, 2) + Soft(0.5, 1.5)) / 3), quantisation = Math.Log(Math.Cosh(1)) / 6, balance = -0.5 * 5 / 6, orthogonality = 0.5 * 9 / 2;
        DrhLossTerms terms = DrhLoss.Compute(h, w, similar, ones_like(similar), new DrhLossOptions());
        Assert.That(terms.Retrieval.item<float>(), Is.EqualTo(retrieval).Within(1e-6));
        Assert.That(terms.Quantisation.item<float>(), Is.EqualTo(quantisation).Within(1e-6));
        Assert.That(terms.Balance.item<float>(), Is.EqualTo(balance).Within(1e-6));
        Assert.That(terms.Orthogonality.item<float>(), Is.EqualTo(orthogonality).Within(1e-6));
        Assert.That(terms.Total.item<float>(), Is.EqualTo(retrieval + (0.1 * quantisation) + (0.1 * balance) + (0.01 * orthogonality)).Within(1e-6));
    }

    [Test]
    public void DrhLoss_PairsThatAreNotCertain_AreNeitherNearNorFar()
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor h = tensor(new float[,] { { 1, 1 }, { 1, 0 }, { -1, -1 }, { 1, 1 } }), w = tensor(new float[,] { { 1, 0 }, { 0, 1 } });
        using Tensor similar = tensor(new[,] { { true, true, false, false }, { true, true, false, false }, { false, false, true, false }, { false, false, false, false } });
        // The fourth picture's labels are open: it is nearest to the first, and must not count as a dissimilar one. Nothing is known of it at all.
        using Tensor certain = tensor(new[,] { { true, true, true, false }, { true, true, true, false }, { true, true, true, false }, { false, false, false, false } });
        static double Soft(double own, double other) => Math.Exp(-own) / (Math.Exp(-own) + Math.Exp(-other));
        double expected = 1 - ((Soft(0.5, 2) + Soft(0.5, 1.5)) / 3);
        Assert.That(DrhLoss.Compute(h, w, similar, certain, new DrhLossOptions()).Retrieval.item<float>(), Is.EqualTo(expected).Within(1e-6));
        Assert.That(DrhLoss.Compute(h, w, similar, zeros_like(certain), new DrhLossOptions()).Retrieval.item<float>(), Is.EqualTo(1), "no pair counts");
    }

    [Test]
    public void AthLoss_TwoTriplets_ByHand()
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor q = tensor(new float[,] { { 0, 0 }, { 0, 0 } }), p = tensor(new float[,] { { 1, 1 }, { 0, 0 } }), n = tensor(new float[,] { { 1, 0 }, { 3, 3 } });
        Assert.That(AthLoss.Triplet(q, p, n).item<float>(), Is.EqualTo(((1 - 0.5 + 1) + 0) / 2).Within(1e-6)); // margin 0.5 · 2; the second is beyond it
        using Tensor logits = tensor(new float[,] { { 0, 2 } }), labels = tensor(new float[,] { { 1, 0 } }), known = tensor(new float[,] { { 1, 1 } });
        Assert.That(AthLoss.Classes(logits, labels, known).item<float>(), Is.EqualTo(Math.Log(2) + Math.Log(1 + Math.Exp(2))).Within(1e-5));
    }
}
