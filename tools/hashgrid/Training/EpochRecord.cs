using HashGrid.Model.Evaluation;
using HashGrid.Model.Training;

namespace HashGrid.CommandLine.Training;

/// <summary>One finished epoch.</summary>
/// <param name="TrainingEpoch">From 1.</param>
/// <param name="Loss">Means over its steps, and the last rate.</param>
/// <param name="ImagesPerSecond">Training pictures a second, validation left out.</param>
/// <param name="Scores">Held-out retrieval; null where it was not measured.</param>
internal sealed record EpochRecord(int TrainingEpoch, StepLoss Loss, double ImagesPerSecond, RetrievalScores? Scores);
