namespace HashGrid.Model;

/// <summary>What the attention's shared MLP runs over.</summary>
public enum AttentionMlp
{
    /// <summary>The H·W positions of a descriptor: Linear(HW, HW / ratio), ReLU, Linear(HW / ratio, HW). Fixes the input size.</summary>
    Positions,

    /// <summary>Each position alone: 1 → 8 → 1. Any input size.</summary>
    Pixel,
}
