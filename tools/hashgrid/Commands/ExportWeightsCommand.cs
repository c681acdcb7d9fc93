using System.CommandLine;
using HashGrid.CommandLine.Output;
using HashGrid.Model;
using HashGrid.Model.Weights;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid export-weights: a network in another precision, or its trunk for other programs.</summary>
internal sealed class ExportWeightsCommand : ToolCommand
{
    private readonly Option<string?> _model = new("--model") { HelpName = "FILE", Description = "Weights (safetensors); default: the variable HASHGRID_MODEL, else the file that comes with the program" };
    private readonly Option<string> _out = new("--out") { Required = true, HelpName = "FILE", Description = "File to write" };
    private readonly Option<bool> _trunk = new("--trunk-only") { Description = "Only the trunk, under torchvision's names, for PyTorch and others (load_state_dict with strict=False)" };
    private readonly Option<bool> _half = new("--half") { Description = "Store half-precision floats, in half the space" };

    public ExportWeightsCommand()
        : base(
            "export-weights",
            "Write weights anew: in half or single precision, or the trunk alone. Everything is safetensors, which PyTorch, JAX and others read.",
            "hashgrid export-weights --model best.safetensors --half --out small.safetensors",
            "hashgrid export-weights --model best.safetensors --trunk-only --out trunk.safetensors")
    {
        foreach (Option option in (Option[])[_model, _out, _trunk, _half])
            Add(option);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string model = parsed.GetValue(_model) ?? ModelFiles.FindDefault()
            ?? throw new CommandException("no weights come with this program; name a file with --model FILE or the variable HASHGRID_MODEL");
        string to = parsed.GetRequiredValue(_out);
        bool half = parsed.GetValue(_half);
        (HashNet net, ModelIdentity identity) = ModelFile.Load(model);
        using (net)
        {
            if (parsed.GetValue(_trunk))
            {
                SafetensorsFile.Write(to, TorchvisionImport.ExportTrunk(net, half), new Dictionary<string, string> { ["format"] = "pt", ["from"] = identity.Name, ["fingerprint"] = identity.Fingerprint });
                Facts.Print(("trunk", to), ("tensors", TorchvisionImport.TrunkNames(net).Count()));
                return 0;
            }
            var notes = SafetensorsFile.Read(model).Metadata.ToDictionary(); // data, seed, nested widths: what was known stays known
            ModelIdentity written = ModelFile.Save(to, net, identity.Name, half, notes);
            Facts.Print(("weights", to), ("name", written.Name), ("fingerprint", written.Fingerprint), ("was", identity.Fingerprint));
        }
        return 0;
    }
}
