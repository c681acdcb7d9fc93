namespace HashGrid.Model.Onnx;

/// <summary>How a layer's output is stored in unsigned bytes: value = scale · (byte − zero).</summary>
/// <param name="Scale">Above zero.</param>
/// <param name="Zero">The byte that means 0.</param>
internal readonly record struct ByteRange(float Scale, byte Zero)
{
    /// <summary>The 256 steps between the least and the greatest value; 0 is one of them.</summary>
    public static ByteRange Of(float low, float high)
    {
        (low, high) = (Math.Min(low, 0), Math.Max(high, 0));
        float scale = Math.Max((high - low) / byte.MaxValue, 1e-12f);
        return new ByteRange(scale, (byte)Math.Clamp(MathF.Round(-low / scale), 0, byte.MaxValue));
    }
}
