namespace HashGrid.Model.Evaluation;

/// <summary>What one query's ranking is worth.</summary>
/// <param name="Patient">Whose query it is.</param>
/// <param name="AveragePrecision">Over the full ranking, ties by database position.</param>
/// <param name="Ndcg100">nDCG of the first 100.</param>
public sealed record QueryScore(string Patient, double AveragePrecision, double Ndcg100);
