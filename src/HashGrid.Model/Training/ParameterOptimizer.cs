using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HashGrid.Model.Training;

/// <summary>SGD with momentum and AdamW, in PyTorch's form. Owns momenta; one thread at a time.</summary>
/// <remarks>
/// TorchSharp 0.107 has both, but passes each number to libtorch as an object that nothing holds during the call: a garbage collection begun by another thread frees the number while
/// native code reads it ("Expected false to be true", or silently a wrong number). With thousands of numbers a step that ended a run of minutes; here every number lives until the step is over.
/// Sources: Sutskever et al., ICML 2013 (v ← μ v + g, w ← w − rate · v); Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
/// </remarks>
public sealed class ParameterOptimizer : IDisposable
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;
    private readonly (string Name, Parameter Value, double RateFactor)[] _parameters;
    private readonly TrainerOptions _options;
    private readonly Dictionary<string, Tensor> _first = [], _second = [];
    private long _steps;

    /// <summary>Prepares for some parameters, which stay the caller's.</summary>
    /// <param name="parameters">Unique names, and what the rate is multiplied with for each.</param>
    /// <param name="options">Kind, momentum, weight decay, largest norm of the gradient.</param>
    public ParameterOptimizer(IEnumerable<(string Name, Parameter Value, double RateFactor)> parameters, TrainerOptions options) =>
        (_parameters, _options) = ([.. parameters], options);

    /// <summary>Gradients to zero.</summary>
    public void ZeroGradients()
    {
        using DisposeScope scope = NewDisposeScope();
        foreach ((_, Parameter value, _) in _parameters)
            value.grad?.zero_();
    }

    /// <summary>Shortens the whole gradient to the largest norm, then makes one step; parameters without a gradient stay.</summary>
    /// <param name="rate">Learning rate, before each parameter's factor.</param>
    public void Step(double rate)
    {
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (string Name, Parameter Value, double RateFactor, Tensor Gradient)[] moving = [.. _parameters.Select(one => (one.Name, one.Value, one.RateFactor, one.Value.grad!)).Where(one => one.Item4 is not null)];
        if (moving.Length == 0)
            return;
        Clip([.. moving.Select(one => one.Gradient)]);
        _steps++;
        foreach ((double factor, var group) in moving.GroupBy(one => one.RateFactor).Select(group => (group.Key, group)))
            if (_options.Optimizer == OptimizerKind.AdamW)
                AdamW(group.Select(one => (one.Name, one.Value, one.Gradient)), rate * factor);
            else
                Sgd(group.Select(one => (one.Name, one.Value, one.Gradient)), rate * factor);
    }

    /// <summary>Momenta by name, and the number of steps.</summary>
    public (IReadOnlyDictionary<string, Tensor> First, IReadOnlyDictionary<string, Tensor> Second, long Steps) State => (_first, _second, _steps);

    /// <summary>Goes on from a state; the tensors are copied.</summary>
    public void Restore(IReadOnlyDictionary<string, Tensor> first, IReadOnlyDictionary<string, Tensor> second, long steps)
    {
        Dispose();
        foreach ((Dictionary<string, Tensor> to, IReadOnlyDictionary<string, Tensor> from) in new[] { (_first, first), (_second, second) })
            foreach ((string name, Tensor value) in from)
                to[name] = value.to(_parameters.First(one => one.Name == name).Value.device, copy: true).DetachFromDisposeScope();
        _steps = steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _first.Values.Concat(_second.Values))
            tensor.Dispose();
        _first.Clear();
        _second.Clear();
    }

    private void Clip(Tensor[] gradients)
    {
        Tensor norms = stack([.. gradients.Select(gradient => gradient.norm())]).to_type(ScalarType.Float64).cpu();
        double norm = Math.Sqrt(norms.data<double>().Sum(one => one * one)), factor = _options.ClipNorm / (norm + 1e-6);
        if (!(factor < 1))
            return;
        using Scalar shorter = factor;
        foreach (Tensor gradient in gradients)
            gradient.mul_(shorter);
    }

    private void Sgd(IEnumerable<(string Name, Parameter Value, Tensor Gradient)> group, double rate)
    {
        using Scalar decay = _options.WeightDecay, momentum = _options.Momentum, step = -rate, whole = 1.0; // without the last, TorchSharp makes a passing 1 itself
        foreach ((string name, Parameter value, Tensor gradient) in group)
        {
            Tensor direction = _options.WeightDecay == 0 ? gradient : gradient.add(value, decay);
            if (_options.Momentum == 0)
            {
                value.add_(direction, step);
                continue;
            }
            if (_first.TryGetValue(name, out Tensor? velocity))
                velocity.mul_(momentum).add_(direction, whole);
            else
                _first[name] = velocity = direction.clone().DetachFromDisposeScope();
            value.add_(velocity, step);
        }
    }

    private void AdamW(IEnumerable<(string Name, Parameter Value, Tensor Gradient)> group, double rate)
    {
        double correction1 = 1 - Math.Pow(Beta1, _steps), correction2 = 1 - Math.Pow(Beta2, _steps);
        using Scalar kept = 1 - (rate * _options.WeightDecay), beta1 = Beta1, new1 = 1 - Beta1, beta2 = Beta2, new2 = 1 - Beta2;
        using Scalar spread = Math.Sqrt(correction2), epsilon = Epsilon, step = -rate / correction1, whole = 1.0;
        foreach ((string name, Parameter value, Tensor gradient) in group)
        {
            if (!_first.ContainsKey(name))
                (_first[name], _second[name]) = (zeros_like(gradient).DetachFromDisposeScope(), zeros_like(gradient).DetachFromDisposeScope());
            value.mul_(kept);
            _first[name].mul_(beta1).add_(gradient, new1);
            _second[name].mul_(beta2).addcmul_(gradient, gradient, new2);
            value.addcdiv_(_first[name], _second[name].sqrt().div_(spread).add_(epsilon, whole), step);
        }
    }
}
