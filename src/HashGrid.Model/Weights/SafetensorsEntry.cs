namespace HashGrid.Model.Weights;

/// <summary>One stored tensor.</summary>
/// <param name="Type">safetensors' name of the element type: F32, F16, BF16, I64, U8, ...</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Data">Little-endian elements, row by row.</param>
public sealed record SafetensorsEntry(string Type, long[] Shape, ReadOnlyMemory<byte> Data);
