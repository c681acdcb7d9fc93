using HashGrid.Model;
using HashGrid.Model.Rivals;
using HashGrid.Model.Training;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>How something was trained, in one line.</summary>
internal static class RecipeText
{
    public static string Of(RivalMethod method, TrainerOptions recipe, RivalOptions options) => method switch
    {
        RivalMethod.Ssh => "pooled trunk features, centred; orthogonal form, up to 1000 labelled pictures",
        RivalMethod.Itq => "pooled trunk features, centred; PCA, 50 rotations; no labels",
        RivalMethod.Dh => $"pooled trunk features, centred; tanh layers {string.Join('-', options.Layers)}-{options.Bits}, gradient descent; no labels",
        RivalMethod.Drh => $"pooled trunk features (frozen MobileNetV2 in place of a residual trunk that learns), one tanh layer; {Learning(recipe)}",
        RivalMethod.Dsh => $"its own network on {options.InputSize} x {options.InputSize} pixels from a random start; {Learning(recipe)}",
        _ => $"its own network on {options.InputSize} x {options.InputSize} pixels from a random start, bits centred; {Learning(recipe)}",
    };

    public static string Of(TrainerOptions recipe, HashNetOptions net) => FormattableString.Invariant(
        $"frozen trunk, refinement {net.RefinedWidth}, FC {net.HiddenWidth}; α {recipe.Loss.Alpha}, β {recipe.Loss.Beta}, loss {(recipe.Loss.PerBit ? "per bit" : "summed over bits")}{(recipe.Loss.NestedBits.Length > 0 ? ", narrower codes nested" : "")}{(recipe.Loss.Balance > 0 ? ", balanced" : "")}{(recipe.Loss.ListWise > 0 ? ", list-wise term" : "")}{(recipe.CentreBits ? ", bits centred" : "")}{(recipe.LinearStart ? ", linear start" : "")}{(recipe.Mix > 0 ? ", blended maps" : "")}{(recipe.Distil > 0 ? ", linear teacher" : "")}; {Learning(recipe)}");

    private static string Learning(TrainerOptions recipe) => FormattableString.Invariant(
        $"{(recipe.Optimizer == OptimizerKind.Sgd ? "SGD" : "AdamW")} {recipe.Rate:G3}, batch {recipe.BatchSize}, {recipe.Epochs} epochs");
}
