namespace HashGrid.Model.Evaluation;

/// <summary>What one query's ranking is worth.</summary>
/// <param name="Patient">Whose query it is.</param>
/// <param name="AveragePrecision">Over the full ranking, ties by database position.</param>
/// <param name="Ndcg100">nDCG of the first 100.</param>
/// <param name="AveragePrecisionAt10">Of the first 10, divided by min(relevant, 10).</param>
public sealed record QueryScore(string Patient, double AveragePrecision, double Ndcg100, double AveragePrecisionAt10);
