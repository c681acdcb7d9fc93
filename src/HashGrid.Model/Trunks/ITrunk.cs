using HashGrid.Model.Onnx;
using static TorchSharp.torch;

namespace HashGrid.Model.Trunks;

/// <summary>The part of the network that turns pixels into a feature map.</summary>
public interface ITrunk
{
    /// <summary>Channels K of the feature map.</summary>
    public int Channels { get; }

    /// <summary>The lower part: x [N, 3, S, S] → [N, K', S / 16, S / 16] (through conv4_x). What is usually frozen, and then computed once per picture.</summary>
    public Tensor Lower(Tensor x, bool training);

    /// <summary>The upper part: to F [N, K, S / 32, S / 32]; nothing at stage 4, where F is what <see cref="Lower"/> gives.</summary>
    public Tensor Upper(Tensor x, bool training);

    /// <summary>Whether a parameter of that name belongs to the lower part.</summary>
    public bool IsLower(string name);

    /// <summary>Folds every batch norm; for inference.</summary>
    public void Fold();

    /// <summary>Writes the folded trunk into a graph, from its input x of S × S to F; returns the name of F.</summary>
    internal string Export(INetworkGraph graph, string x, int side);
}
