namespace HashGrid.Model.Onnx;

/// <summary>What follows a layer.</summary>
internal enum Activation
{
    /// <summary>Nothing: a linear layer.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>min(max(x, 0), 6).</summary>
    Relu6,
}
