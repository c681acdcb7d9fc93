using HashGrid.Model.Training;

namespace HashGrid.Model.Rivals;

/// <summary>How the learnt rivals are trained: their authors' recipes, as far as they are known and a small set bears them.</summary>
public static class RivalRecipes
{
    /// <summary>Optimizer, rate, batch and epochs; the linear methods and DH use only the seed.</summary>
    /// <param name="method">Which rival.</param>
    /// <param name="pictures">Training pictures: DSH's batch of 200 becomes a sixteenth of a small set, at least 10, or there would be three steps an epoch.</param>
    /// <param name="epochs">Passes; null: 30 for DSH and DRH, 50 for ATH.</param>
    public static TrainerOptions For(RivalMethod method, int pictures, int? epochs = null) => method switch
    {
        RivalMethod.Dsh => new TrainerOptions
        {
            Epochs = epochs ?? 30,
            BatchSize = Math.Clamp(pictures / 16, 10, 200),
            Rate = 1e-3,
            DropAfter = int.MaxValue,
            WeightDecay = 0.004,
        },
        RivalMethod.Drh => new TrainerOptions
        {
            Epochs = epochs ?? 30,
            BatchSize = Math.Min(64, pictures),
            Optimizer = OptimizerKind.AdamW,
            Rate = 1e-3,
            DropAfter = 0,
            WeightDecay = 0.01,
        },
        RivalMethod.Ath => new TrainerOptions
        {
            Epochs = epochs ?? 50,
            BatchSize = 10,
            Optimizer = OptimizerKind.AdamW,
            Rate = 1e-3,
            DropAfter = int.MaxValue,
            WeightDecay = 0,
        },
        _ => new TrainerOptions { Epochs = 1 },
    };
}
