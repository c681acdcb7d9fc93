using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Training;

public sealed class LinearStartTests
{
    private static readonly HashNetOptions Small = new() { TrunkWidth = 4, TrunkBlocks = [1, 1, 1, 1], InputSize = 224, RefinedWidth = 16, HiddenWidth = 24, Bits = 16, Labels = ["a", "b"] };

    [TestCase(1, true, 1)]
    [TestCase(2, false, 3)]
    [TestCase(1, false, 3)]
    public void Write_OtherRefinement_TheNetworkIsThatModel(int stride, bool pool, int skip) => Write(Small with { RefineStride = stride, RefinePool = pool, RefineSkip = skip });

    [Test]
    public void Write_AnyLinearModel_TheNetworkIsThatModel([Values] Branches branches, [Values] bool share) => Write(Small with { Branches = branches, ShareRefinement = share });

    private static void Write(HashNetOptions options)
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var net = new HashNet(options);
        using var generator = new Generator(11);
        Tensor maps = rand([40, 128, 7, 7], generator: generator);
        var start = new LinearStart(net, chunk => maps.index_select(0, tensor(Array.ConvertAll(chunk, i => (long)i))), 40, CancellationToken.None);
        Tensor pooled = start.Pooled(), weights = randn([pooled.shape[1], 3], generator: generator), offset = -pooled.mean([0]).matmul(weights);
        Tensor hash = randn([16, 3], generator: generator), bias = randn([16], generator: generator), scores = pooled.mm(weights) + offset;   // [40, 3]
        start.Write(weights, offset, scores.amin([0]), scores.std(0), hash, bias);

        Tensor expected = scores.mm(hash.t()) + bias;
        Assert.That((net.Head(maps).Code - expected).abs().max().item<float>(), Is.LessThan(1e-4 * expected.abs().max().item<float>()));
        net.Fold();
        Assert.That((net.Head(maps).Code - expected).abs().max().item<float>(), Is.LessThan(1e-4 * expected.abs().max().item<float>()), "after folding");
    }

    [Test]
    public void FitClassifier_LinearOdds_GivesThem()
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var net = new HashNet(Small);
        using var generator = new Generator(12);
        Tensor maps = rand([60, 128, 7, 7], generator: generator);
        var start = new LinearStart(net, chunk => maps.index_select(0, tensor(Array.ConvertAll(chunk, i => (long)i))), 60, CancellationToken.None);
        Tensor pooled = start.Pooled(), weights = randn([pooled.shape[1], 3], generator: generator), offset = -pooled.mean([0]).matmul(weights), scores = pooled.mm(weights) + offset;
        start.Write(weights, offset, scores.amin([0]), scores.std(0), randn([16, 3], generator: generator), zeros(16));

        start.FitClassifier(scores.narrow(1, 0, 2));
        Tensor logits = net.Head(maps).Logits!, wanted = scores.narrow(1, 0, 2);
        Assert.That((logits - wanted).square().mean().item<float>(), Is.LessThan(0.01 * wanted.square().mean().item<float>()));
    }

    [Test]
    public void Write_AFindingNobodyHas_StaysFinite()
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var net = new HashNet(Small);
        using var generator = new Generator(13);
        Tensor maps = rand([30, 128, 7, 7], generator: generator);
        var start = new LinearStart(net, chunk => maps.index_select(0, tensor(Array.ConvertAll(chunk, i => (long)i))), 30, CancellationToken.None);
        Tensor pooled = start.Pooled();
        start.Write(zeros(pooled.shape[1], 3), zeros(3), zeros(3), zeros(3), randn([16, 3], generator: generator), ones(16));
        Assert.That((net.Head(maps).Code - 1).abs().max().item<float>(), Is.LessThan(1e-4));
    }
}
