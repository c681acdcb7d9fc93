namespace HashGrid.Server.Encoding;

/// <summary>One measured batch size.</summary>
public readonly record struct BatchPoint(int Size, double ImagesPerSecond);
