using System.CommandLine;
using HashGrid.Model;

namespace HashGrid.CommandLine.Inputs;

/// <summary>The options that say where and how the network runs.</summary>
internal sealed class EncoderChoice
{
    private readonly Option<string> _device = Named("--device", HashEncoderOptions.Devices, "auto (a GPU if there is one), cpu or cuda");
    private readonly Option<string> _engine = Named("--engine", HashEncoderOptions.Engines, "auto (onnx on a CPU, torch on a GPU), onnx or torch");
    private readonly Option<string> _precision = Named("--precision", HashEncoderOptions.Precisions, "auto (int8 for calibrated weights on a CPU that can, else float32), float32, bfloat16 (torch) or int8 (onnx); codes of two precisions do not mix");

    public IEnumerable<Option> Options => [_device, _engine, _precision];

    /// <summary>As they were given, for somebody who checks them with other things; one that cannot be read has its default.</summary>
    public HashEncoderOptions ReadUnchecked(ParseResult parsed) => new()
    {
        Device = parsed.ValueOrDefault(_device)!,
        Engine = parsed.ValueOrDefault(_engine)!,
        Precision = parsed.ValueOrDefault(_precision)!,
    };

    /// <exception cref="UsageException">The choices do not go together.</exception>
    public HashEncoderOptions Read(ParseResult parsed)
    {
        HashEncoderOptions options = ReadUnchecked(parsed);
        return options.Validate() is { Count: > 0 } problems ? throw new UsageException(string.Join("; ", problems)) : options;
    }

    private static Option<string> Named(string name, IReadOnlyList<string> choices, string description)
    {
        var option = new Option<string>(name) { DefaultValueFactory = _ => choices[0], HelpName = "NAME", Description = description };
        option.AcceptOnlyFromAmong([.. choices]);
        return option;
    }
}
