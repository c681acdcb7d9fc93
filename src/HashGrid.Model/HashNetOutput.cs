using static TorchSharp.torch;

namespace HashGrid.Model;

/// <summary>Every intermediate of one forward pass, under the paper's names.</summary>
/// <param name="F">Feature map [N, K, H, W].</param>
/// <param name="Pooled">F' [N, K, H, W].</param>
/// <param name="MaxPoint">F_maxP [N, H, W].</param>
/// <param name="AvgPoint">F_avgP [N, H, W].</param>
/// <param name="MaxPooled">F_max [N, H, W].</param>
/// <param name="Mlp">The three maps after the shared MLP [N, 3, H, W].</param>
/// <param name="Attention">M [N, 1, H, W], −1 to 1.</param>
/// <param name="Attended">F'' [N, K, H, W].</param>
/// <param name="Global">f_g(F) [N, refined], or null.</param>
/// <param name="Local">f_l(F'') [N, refined], or null.</param>
/// <param name="Hidden">h [N, hidden].</param>
/// <param name="Code">u [N, bits]; a bit is u ≥ 0.</param>
/// <param name="Logits">Before the sigmoid [N, labels], or null without labels.</param>
public sealed record HashNetOutput(
    Tensor F, Tensor Pooled, Tensor MaxPoint, Tensor AvgPoint, Tensor MaxPooled, Tensor Mlp, Tensor Attention, Tensor Attended,
    Tensor? Global, Tensor? Local, Tensor Hidden, Tensor Code, Tensor? Logits);
