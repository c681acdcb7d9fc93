using static TorchSharp.torch;

namespace HashGrid.Model.Trunks;

/// <summary>The part of the network that turns pixels into a feature map.</summary>
public interface ITrunk
{
    /// <summary>Channels K of the feature map.</summary>
    public int Channels { get; }

    /// <summary>[N, 3, S, S] → F [N, K, S / 32, S / 32] (stage 5) or [N, K, S / 16, S / 16] (stage 4).</summary>
    public Tensor Forward(Tensor x, bool training);

    /// <summary>Folds every batch norm; for inference.</summary>
    public void Fold();
}
