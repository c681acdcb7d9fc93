using HashGrid.Model.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Training;

public sealed class ParameterOptimizerTests
{
    [Test]
    public void Step_SeveralTimes_AgreesWithTorchSharp([Values] OptimizerKind kind)
    {
        var options = new TrainerOptions { Optimizer = kind, WeightDecay = 0.02, Momentum = 0.9, ClipNorm = 1e9 };
        Parameter[] actual = Parameters(2), expected = Parameters(2);
        using var optimizer = new ParameterOptimizer([("a", actual[0], 1), ("b", actual[1], 0.1)], options);
        using optim.Optimizer reference = kind == OptimizerKind.AdamW
            ? optim.AdamW([new AdamW.ParamGroup([expected[0]], 0.01, weight_decay: 0.02), new AdamW.ParamGroup([expected[1]], 0.001, weight_decay: 0.02)])
            : optim.SGD([new SGD.ParamGroup([expected[0]], 0.01, 0.9, 0, 0.02, false), new SGD.ParamGroup([expected[1]], 0.001, 0.9, 0, 0.02, false)], 0.01);
        for (int step = 0; step < 5; step++)
        {
            optimizer.ZeroGradients();
            reference.zero_grad();
            Backward(actual);
            Backward(expected);
            optimizer.Step(0.01);
            reference.step();
        }
        for (int i = 0; i < 2; i++)
            Assert.That(actual[i].allclose(expected[i], rtol: 1e-6, atol: 1e-7), Is.True, $"parameter {i}");
    }

    [Test]
    public void Step_LargeGradient_IsShortenedToTheLargestNorm()
    {
        Parameter[] values = [nn.Parameter(tensor(new float[] { 3, 0 })), nn.Parameter(tensor(new float[] { 4 }))];
        using (Tensor loss = (values[0].square().sum() + values[1].square().sum()) / 2) // gradient (3, 0, 4): norm 5
            loss.backward();
        using var optimizer = new ParameterOptimizer([("a", values[0], 1), ("b", values[1], 1)], new TrainerOptions { ClipNorm = 1, WeightDecay = 0 });
        optimizer.Step(1);
        Assert.That(values[0].data<float>().ToArray(), Is.EqualTo([2.4f, 0f]).Within(1e-5f));
        Assert.That(values[1].data<float>().ToArray(), Is.EqualTo([3.2f]).Within(1e-5f));
    }

    [Test]
    public void Step_WhileAnotherThreadCollectsGarbage_LosesNoNumber()
    {
        Parameter[] values = Parameters(8), alone = Parameters(8);
        float[] Run(Parameter[] parameters)
        {
            using var optimizer = new ParameterOptimizer(parameters.Select((value, i) => ($"{i}", value, 1.0)), new TrainerOptions { Optimizer = OptimizerKind.AdamW });
            Backward(parameters);
            for (int step = 0; step < 1500; step++)
                optimizer.Step(1e-3);
            return parameters[^1].data<float>().ToArray();
        }
        float[] expected = Run(alone);
        using var stop = new ManualResetEventSlim();
        var collector = new Thread(() =>
        {
            while (!stop.IsSet)
            {
                GC.Collect(0);
                Thread.SpinWait(5_000); // with a core of its own it would hardly ever let the other thread go on
            }
        });
        collector.Start();
        try
        {
            Assert.That(Run(values), Is.EqualTo(expected));
        }
        finally
        {
            stop.Set();
            collector.Join();
        }
    }

    private static Parameter[] Parameters(int count)
    {
        using var generator = new Generator(11);
        return [.. Enumerable.Range(0, count).Select(_ => nn.Parameter(randn([500], generator: generator)))];
    }

    private static void Backward(Parameter[] values)
    {
        using DisposeScope scope = NewDisposeScope();
        stack([.. values.Select(value => value.pow(4).sum())]).sum().backward();
    }
}
