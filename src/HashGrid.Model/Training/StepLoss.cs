namespace HashGrid.Model.Training;

/// <summary>The loss of one step, and its rate.</summary>
/// <param name="Loss">L.</param>
/// <param name="Contrastive">L_c.</param>
/// <param name="Regulariser">L_r.</param>
/// <param name="Classification">L_cb.</param>
/// <param name="Rate">Learning rate.</param>
public readonly record struct StepLoss(double Loss, double Contrastive, double Regulariser, double Classification, double Rate);
