using HashGrid.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Training;

public sealed partial class Trainer
{
    private const string NetPrefix = "net/", AveragePrefix = "average/", FirstPrefix = "optimizer/first/", SecondPrefix = "optimizer/second/", StepsName = "optimizer/steps";

    /// <summary>Everything that changes in training: the network's tensors, the running average, the optimizer's state. No random state: every draw follows from seed, epoch and step.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> SaveState()
    {
        var state = new Dictionary<string, SafetensorsEntry>();
        foreach (string name in _net.Table.Names)
            state[NetPrefix + name] = ModelFile.ToEntry(_net.Table[name], half: false);
        foreach ((string name, Tensor value) in _average)
            state[AveragePrefix + name] = ModelFile.ToEntry(value, half: false);
        (IReadOnlyDictionary<string, Tensor> first, IReadOnlyDictionary<string, Tensor> second, long steps) = _optimizer.State;
        foreach ((string prefix, IReadOnlyDictionary<string, Tensor> part) in new[] { (FirstPrefix, first), (SecondPrefix, second) })
            foreach ((string name, Tensor value) in part)
                state[prefix + name] = ModelFile.ToEntry(value, half: false);
        state[StepsName] = new SafetensorsEntry("I64", [], BitConverter.GetBytes(steps));
        return state;
    }

    /// <summary>Goes on from what <see cref="SaveState"/> gave, of a trainer with the same network options and recipe.</summary>
    /// <param name="state">The tensors.</param>
    /// <param name="path">Where they come from, for messages.</param>
    /// <exception cref="ModelFileException">A tensor is missing or of another shape.</exception>
    public void LoadState(IReadOnlyDictionary<string, SafetensorsEntry> state, string path)
    {
        ModelFile.Fill(_net.Table, Part(state, NetPrefix), path);
        foreach (Tensor old in _average.Values)
            old.Dispose();
        _average.Clear();
        foreach ((string name, SafetensorsEntry entry) in Part(state, AveragePrefix))
        {
            using Tensor value = ModelFile.ToTensor(entry, name, path);
            _average[name] = value.to(_device, copy: true).DetachFromDisposeScope();
        }
        if (!state.TryGetValue(StepsName, out SafetensorsEntry? steps))
            throw new ModelFileException($"'{path}' has no state of an optimizer; it is no checkpoint");
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> Momenta(string prefix) => Part(state, prefix).ToDictionary(pair => pair.Key, pair => ModelFile.ToTensor(pair.Value, pair.Key, path));
        _optimizer.Restore(Momenta(FirstPrefix), Momenta(SecondPrefix), BitConverter.ToInt64(steps.Data.Span));
    }

    /// <summary>Shows the network as it would be if training ended now (averaged and centred if the recipe says so), then puts it back.</summary>
    public void WithResult(Action<HashNet> use)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> kept = _net.Table.Names.ToDictionary(name => name, name => _net.Table[name].detach().clone().DetachFromDisposeScope());
        try
        {
            UseAverage();
            if (_options.CentreBits)
                CentreBits();
            use(_net);
        }
        finally
        {
            using IDisposable frozen = no_grad();
            foreach ((string name, Tensor value) in kept)
            {
                _net.Table[name].copy_(value);
                value.Dispose();
            }
        }
    }

    private static Dictionary<string, SafetensorsEntry> Part(IReadOnlyDictionary<string, SafetensorsEntry> state, string prefix) =>
        state.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(pair => pair.Key[prefix.Length..], pair => pair.Value);
}
