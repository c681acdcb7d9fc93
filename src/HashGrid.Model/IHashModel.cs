using HashGrid.Model.Trunks;
using static TorchSharp.torch;

namespace HashGrid.Model;

/// <summary>Anything that turns grey pixels into the values whose signs are a code: what <see cref="HashEncoder"/> runs, whatever method made it.</summary>
/// <remarks>One thread at a time. Owns its tensors.</remarks>
public interface IHashModel : IDisposable
{
    /// <summary>Code width k.</summary>
    public int Bits { get; }

    /// <summary>Side S of the square input in pixels.</summary>
    public int InputSize { get; }

    /// <summary>Every tensor by name.</summary>
    public ParameterTable Table { get; }

    /// <summary>Grey 0..1 [N, S, S] → u [N, k] on the tensors' device; a bit is u ≥ 0.</summary>
    public Tensor Codes(Tensor pixels);

    /// <summary>Folds every batch norm into its convolution; for inference from here on.</summary>
    public void Fold();

    /// <summary>The folded model, from grey pixels [1, 1, S, S] to u [1, k], as an ONNX file.</summary>
    internal byte[] Export();
}
