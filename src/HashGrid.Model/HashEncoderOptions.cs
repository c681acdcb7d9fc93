namespace HashGrid.Model;

/// <summary>Where and how the network runs.</summary>
public sealed record HashEncoderOptions
{
    /// <summary>Choices of <see cref="Device"/>.</summary>
    public static IReadOnlyList<string> Devices { get; } = ["auto", "cpu", "cuda"];

    /// <summary>Choices of <see cref="Engine"/>.</summary>
    public static IReadOnlyList<string> Engines { get; } = ["auto", "onnx", "torch"];

    /// <summary>Choices of <see cref="Precision"/>.</summary>
    public static IReadOnlyList<string> Precisions { get; } = ["auto", "float32", "bfloat16", "int8"];

    /// <summary><c>auto</c> (the GPU if there is one), <c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary><c>auto</c> (onnx on a CPU, torch on a GPU and for bfloat16), <c>onnx</c> or <c>torch</c>. In float32 they differ by rounding: a bit whose u is within about 1e-5 of 0 may fall either way.</summary>
    public string Engine { get; init; } = "auto";

    /// <summary>
    /// <c>auto</c>, <c>float32</c>, <c>bfloat16</c> (torch) or <c>int8</c> (onnx on a CPU, with calibrated weights). Each but float32 changes some bits of
    /// the codes and has an identity of its own. auto is int8 where it can be, by the weights, the engine and the CPU: twice the images a second of float32 for
    /// 2 % of the bits, and some 0.005 mAP either way; else float32.
    /// </summary>
    public string Precision { get; init; } = "auto";

    /// <summary>CPU threads of the forward pass; 0: all cores. With torch, for the whole process.</summary>
    public int Threads { get; init; }

    /// <summary>Every problem, one sentence each; empty if the options are fine.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> problems = [];
        OneOf("device", Device, Devices);
        OneOf("engine", Engine, Engines);
        OneOf("precision", Precision, Precisions);
        if (Threads < 0) problems.Add($"threads are {Threads}, expected 0 (all cores) or more");
        if (Device == "cuda" && Engine == "onnx") problems.Add("engine onnx runs on a CPU, but the device is cuda; use engine torch or auto");
        if (Precision == "bfloat16" && Engine == "onnx") problems.Add("precision bfloat16 needs engine torch, found onnx; use engine auto or torch");
        if (Precision == "int8" && (Engine == "torch" || Device == "cuda"))
            problems.Add($"precision int8 needs engine onnx on a CPU, found engine {Engine} on {Device}; use engine auto or onnx and device auto or cpu");
        return problems;

        void OneOf(string what, string value, IReadOnlyList<string> choices)
        {
            if (!choices.Contains(value)) problems.Add($"{what} is '{value}', expected {string.Join(", ", choices.SkipLast(1))} or {choices[^1]}");
        }
    }
}
