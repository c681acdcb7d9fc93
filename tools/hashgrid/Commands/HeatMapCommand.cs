using System.CommandLine;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Output;
using HashGrid.CommandLine.Reproduction.Pictures;
using HashGrid.Model;
using HashGrid.Model.Attention;
using HashGrid.Model.Imaging;
using Image = NetVips.Image;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid heatmap: where the network looks.</summary>
internal sealed class HeatMapCommand : ToolCommand
{
    private readonly Argument<string> _image = new("IMAGE") { Description = "A PNG or JPEG file" };
    private readonly Option<string> _out = new("--out") { Required = true, HelpName = "PNG", Description = "The map over the picture: blue where it is lowest, red where it is highest" };
    private readonly Option<string?> _model = new("--model") { HelpName = "FILE", Description = "Weights of the network (safetensors); default: the variable HASHGRID_MODEL, else the file that comes with the program" };
    private readonly Option<int> _side = new("--side") { DefaultValueFactory = _ => 512, HelpName = "PIXELS", Description = "Side of the result, 32 to 4096" };
    private readonly JsonOption _json = new();

    public HeatMapCommand()
        : base(
            "heatmap",
            "Draw the network's attention over one picture.",
            "hashgrid heatmap xray.png --out heat.png",
            "hashgrid heatmap xray.png --out heat.png --json    # the values themselves, -1 to 1, row by row")
    {
        Add(_image);
        foreach (Option option in (Option[])[_out, _model, _side, _json])
            Add(option);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string path = parsed.GetRequiredValue(_image), output = parsed.GetRequiredValue(_out);
        int side = parsed.GetValue(_side);
        if (side is < 32 or > 4096)
            throw new UsageException($"--side is {side}, expected 32 to 4096");
        if (!File.Exists(path))
            throw new CommandException($"the picture {path} does not exist");
        string model = parsed.GetValue(_model) ?? ModelFiles.FindDefault()
            ?? throw new CommandException("no weights come with this program; name a file with --model FILE or the variable HASHGRID_MODEL");
        using AttentionReader reader = AttentionReader.Load(model);
        float[] pixels = new float[reader.Identity.InputSize * reader.Identity.InputSize];
        try
        {
            ImageReader.Decode(File.ReadAllBytes(path), reader.Identity.InputSize, pixels);
        }
        catch (ImageFormatException failure)
        {
            throw new CommandException($"{path}: {failure.Message}");
        }
        AttentionMap map = reader.Read(pixels);
        using (Image heat = HeatColors.Blend(path, map, side))
            heat.Pngsave(output);
        if (parsed.GetValue(_json))
            Json.Print(new JsonObject { ["out"] = output, ["model"] = reader.Identity.Name, ["side"] = map.Side, ["map"] = new JsonArray([.. map.Values.Select(value => (JsonNode)value)]) });
        else
            Console.Out.WriteLine(FormattableString.Invariant($"{output}: {map.Side} x {map.Side} places, {map.Values.Min():F3} to {map.Values.Max():F3}, by {reader.Identity.Name}"));
        return 0;
    }
}
