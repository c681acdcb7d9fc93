namespace HashGrid.Model.Training;

/// <summary>Where training stands after an epoch.</summary>
/// <param name="TrainingEpoch">1 to the number of epochs.</param>
/// <param name="Loss">Mean of L.</param>
/// <param name="Contrastive">Mean of L_c.</param>
/// <param name="Regulariser">Mean of L_r.</param>
/// <param name="Classification">Mean of L_cb.</param>
/// <param name="Rate">Learning rate of the last step.</param>
/// <param name="ImagesPerSecond">Training pictures a second in this epoch.</param>
public sealed record TrainingProgress(int TrainingEpoch, double Loss, double Contrastive, double Regulariser, double Classification, double Rate, double ImagesPerSecond);
