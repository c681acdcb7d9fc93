using System.CommandLine;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;
using HashGrid.Model;
using HashGrid.Model.Calibration;
using HashGrid.Model.Datasets;
using HashGrid.Model.Imaging;
using HashGrid.Model.Weights;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid calibrate: weights that also run in 8-bit integers.</summary>
internal sealed class CalibrateCommand : ToolCommand
{
    private readonly Argument<string[]> _images = new("IMAGES") { Arity = ArgumentArity.OneOrMore, Description = "PNG and JPEG files, folders of them, or CSVs with a column file: pictures like those to be encoded, best those of the training" };
    private readonly Option<string?> _model = new("--model") { HelpName = "FILE", Description = "Weights (safetensors); default: the variable HASHGRID_MODEL, else the file that comes with the program" };
    private readonly Option<string> _out = new("--out") { Required = true, HelpName = "FILE", Description = "Weights to write; may be the same file" };
    private readonly Option<int> _count = new("--count") { DefaultValueFactory = _ => 256, HelpName = "N", Description = "Pictures used, evenly spread over those found" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object: weights, images, layers, fingerprint, fingerprint_int8" };

    public CalibrateCommand()
        : base(
            "calibrate",
            "Measure on pictures what range each layer needs in 8 bits, and write it into the weights; their codes in float32 stay what they are.",
            "hashgrid calibrate run1/train.csv --model run1/best.safetensors --out run1/best.safetensors",
            "hashgrid calibrate samples --out mine.safetensors")
    {
        Add(_images);
        foreach (Option option in (Option[])[_model, _out, _count, _json])
            Add(option);
        SetAction((parsed, ct) => Task.Run(() => Run(parsed, ct), CancellationToken.None));
    }

    private int Run(ParseResult parsed, CancellationToken ct)
    {
        string model = parsed.GetValue(_model) ?? ModelFiles.FindDefault()
            ?? throw new CommandException("no weights come with this program; name a file with --model FILE or the variable HASHGRID_MODEL");
        string to = parsed.GetRequiredValue(_out);
        int count = parsed.GetValue(_count);
        if (count is < 1 or > 100_000)
            throw new UsageException($"--count is {count}, but 1 to 100000 is allowed");
        (HashNet net, ModelIdentity identity) = ModelFile.Load(model);
        net.Dispose();
        float[][] images = [.. Spread(Files(parsed.GetRequiredValue(_images)), count).AsParallel().AsOrdered().WithCancellation(ct).Select(file => Decode(file, identity.InputSize))];
        (int layers, ModelIdentity int8) = Calibrator.Calibrate(model, to, images.Select(image =>
        {
            ct.ThrowIfCancellationRequested();
            return (ReadOnlyMemory<float>)image;
        }));
        if (parsed.GetValue(_json))
            Json.Print(new JsonObject { ["weights"] = to, ["images"] = images.Length, ["layers"] = layers, ["fingerprint"] = identity.Fingerprint, ["fingerprint_int8"] = int8.Fingerprint });
        else
            Facts.Print(("weights", to), ("pictures", images.Length), ("layers", layers), ("float32", $"{identity.Name} {identity.Fingerprint}"), ("int8", $"{int8.Name} {int8.Fingerprint}"));
        return 0;
    }

    private static List<string> Files(string[] paths)
    {
        List<string> files = [];
        foreach (string path in paths)
        {
            if (Path.GetExtension(path).Equals(".csv", StringComparison.OrdinalIgnoreCase))
                files.AddRange(ImageDatasets.ReadCsv(path).Select(image => image.Path));
            else
                files.AddRange(ImagePaths.Expand([path]));
        }
        return files;
    }

    private static IEnumerable<string> Spread(List<string> files, int count) =>
        files.Count <= count ? files : Enumerable.Range(0, count).Select(i => files[(int)((long)i * files.Count / count)]);

    private static float[] Decode(string file, int side)
    {
        try
        {
            float[] pixels = new float[side * side];
            ImageReader.Decode(File.ReadAllBytes(file), side, pixels);
            return pixels;
        }
        catch (ImageFormatException failure)
        {
            throw new CommandException($"picture '{file}' cannot be read: {failure.Message}");
        }
    }
}
