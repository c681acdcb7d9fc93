using System.CommandLine;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Output;
using HashGrid.CommandLine.Training;
using HashGrid.Model;
using HashGrid.Model.Weights;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid import-weights: a torchvision checkpoint becomes a network that every command reads.</summary>
internal sealed class ImportWeightsCommand : ToolCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "Checkpoint in safetensors with torchvision's names (resnet50 or mobilenet_v2), or weights that HashGrid wrote" };
    private readonly Option<string> _trunk = new("--trunk") { DefaultValueFactory = _ => "resnet50", HelpName = "NAME", Description = "resnet50 or mobilenet_v2" };
    private readonly Option<string> _out = new("--out") { Required = true, HelpName = "FILE", Description = "Weights to write" };
    private readonly Option<string?> _options = new("--options") { HelpName = "FILE", Description = "JSON that changes the network, e.g. {\"network\": {\"bits\": 48, \"featureStage\": 4}}" };
    private readonly Option<bool> _half = new("--half") { Description = "Store half-precision floats, in half the space" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object: file, name, fingerprint, bits, trunk_tensors" };

    public ImportWeightsCommand()
        : base(
            "import-weights",
            "Put a pretrained trunk into a network. What comes after the trunk is random: train it, e.g. with this file as trunkWeights.",
            "hashgrid import-weights resnet50.safetensors --trunk resnet50 --out start.safetensors")
    {
        Add(_file);
        foreach (Option option in (Option[])[_trunk, _out, _options, _half, _json])
            Add(option);
        _trunk.AcceptOnlyFromAmong("resnet50", "mobilenet_v2");
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string file = parsed.GetRequiredValue(_file), to = parsed.GetRequiredValue(_out);
        var settings = new TrainSettings { Network = new HashNetOptions { Trunk = parsed.GetRequiredValue(_trunk) } };
        if (parsed.GetValue(_options) is { } options)
            settings = RunFile.Apply(settings, options);
        IReadOnlyList<string> problems = settings.Network.Validate();
        if (problems.Count > 0)
            throw new CommandException(string.Join("; ", problems));
        using var net = new HashNet(settings.Network, (ulong)settings.InitialSeed);
        TorchvisionImport.FillTrunk(net, file);
        string name = settings.Name ?? $"{Path.GetFileNameWithoutExtension(file)}-untrained-{net.Options.Bits}";
        ModelIdentity identity = ModelFile.Save(to, net, name, parsed.GetValue(_half), new Dictionary<string, string> { ["trunk_from"] = Path.GetFileName(file) });
        int tensors = TorchvisionImport.TrunkNames(net).Count();
        if (parsed.GetValue(_json))
            Json.Print(new JsonObject { ["file"] = to, ["name"] = identity.Name, ["fingerprint"] = identity.Fingerprint, ["bits"] = identity.Bits, ["trunk_tensors"] = tensors });
        else
            Facts.Print(("weights", to), ("name", identity.Name), ("fingerprint", identity.Fingerprint), ("bits", identity.Bits), ("trunk", $"{tensors} tensors of {Path.GetFileName(file)}; the rest is random"));
        return 0;
    }
}
