using HashGrid.Model.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HashGrid.Model.Trunks;

/// <summary>The tensors of a network by name, in the order of their creation; owns them.</summary>
/// <remarks>One thread at a time. Tensors leave any dispose scope when they enter the table.</remarks>
public sealed class ParameterTable : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = [];
    private readonly List<string> _names = [];
    private readonly Generator _generator;

    /// <summary>Creates an empty table.</summary>
    /// <param name="seed">Seed of the initial values.</param>
    public ParameterTable(ulong seed) => _generator = new Generator(seed);

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Tensor this[string name] => _tensors[name];

    /// <summary>Names in the order of creation.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The tensors that training changes.</summary>
    public IEnumerable<(string Name, Parameter Value)> Parameters =>
        _names.Where(name => _tensors[name] is Parameter).Select(name => (name, (Parameter)_tensors[name]));

    /// <summary>Adds a tensor that training changes.</summary>
    public void AddParameter(string name, Tensor value) => Add(name, nn.Parameter(value));

    /// <summary>Adds a tensor that training does not change by gradients.</summary>
    public void AddBuffer(string name, Tensor value) => Add(name, value);

    /// <summary>Puts another tensor in place of one; it is no parameter afterwards.</summary>
    public void Replace(string name, Tensor value)
    {
        _tensors[name].Dispose();
        _tensors[name] = value.detach().DetachFromDisposeScope();
    }

    /// <summary>Converts every tensor; double precision makes gradients comparable where batch norm over few values amplifies rounding.</summary>
    public void To(ScalarType type) => Convert(value => value.to_type(type));

    /// <summary>Moves every tensor, before an optimizer holds them.</summary>
    public void To(Device device) => Convert(value => value.to(device));

    /// <summary>Drops a tensor.</summary>
    public void Remove(string name)
    {
        _tensors[name].Dispose();
        _tensors.Remove(name);
        _names.Remove(name);
    }

    /// <summary>Initial values of a normal distribution from the table's own seed.</summary>
    public Tensor Normal(long[] shape, double deviation)
    {
        // A passing number would be let go of while libtorch reads it: see HeldArithmetic.
        using Scalar scale = deviation;
        return randn(shape, generator: _generator).mul_(scale);
    }

    /// <summary>Initial values by Glorot and Bengio: uniform in ±√(6 / (in + out)).</summary>
    public Tensor Xavier(long[] shape)
    {
        long field = shape.Skip(2).Aggregate(1L, (product, size) => product * size);
        double bound = Math.Sqrt(6.0 / ((shape[0] + shape[1]) * field));
        using Scalar width = 2 * bound;
        return rand(shape, generator: _generator).mul_(width).Plus(-bound);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
            tensor.Dispose();
        _tensors.Clear();
        _names.Clear();
        _generator.Dispose();
    }

    private void Convert(Func<Tensor, Tensor> convert)
    {
        foreach (string name in _names)
        {
            Tensor old = _tensors[name], value = convert(old.detach());
            _tensors[name] = (old is Parameter ? nn.Parameter(value) : value).DetachFromDisposeScope();
            if (!ReferenceEquals(value, old))
                old.Dispose();
        }
    }

    private void Add(string name, Tensor value)
    {
        _tensors.Add(name, value.DetachFromDisposeScope());
        _names.Add(name);
    }
}
