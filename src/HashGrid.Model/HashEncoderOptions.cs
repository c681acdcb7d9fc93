namespace HashGrid.Model;

/// <summary>Where the network runs.</summary>
public sealed record HashEncoderOptions
{
    /// <summary><c>auto</c> (the GPU if there is one), <c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>CPU threads of the forward pass, for the whole process; 0: all cores.</summary>
    public int Threads { get; init; }
}
