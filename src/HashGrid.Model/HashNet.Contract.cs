using static TorchSharp.torch;

namespace HashGrid.Model;

public sealed partial class HashNet : IHashModel
{
    /// <inheritdoc/>
    public int Bits => Options.Bits;

    /// <inheritdoc/>
    public int InputSize => Options.InputSize;

    /// <inheritdoc/>
    public Tensor Codes(Tensor pixels) => Forward(pixels).Code;

    /// <inheritdoc/>
    byte[] IHashModel.Export() => Export();
}
