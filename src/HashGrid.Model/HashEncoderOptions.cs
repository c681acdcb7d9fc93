namespace HashGrid.Model;

/// <summary>Where the network runs.</summary>
public sealed record HashEncoderOptions
{
    /// <summary><c>auto</c> (the GPU if there is one), <c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary><c>auto</c> (onnx on a CPU, torch on a GPU), <c>onnx</c> or <c>torch</c>. They differ by rounding: a bit whose u is within about 1e-5 of 0 may fall either way.</summary>
    public string Engine { get; init; } = "auto";

    /// <summary>CPU threads of the forward pass; 0: all cores. With torch, for the whole process.</summary>
    public int Threads { get; init; }
}
