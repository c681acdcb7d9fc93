using System.Buffers;

namespace HashGrid.Model.Imaging;

/// <summary>A grey picture of values of 0 to 255 in rented memory.</summary>
internal sealed class GreyPlane : IDisposable
{
    // Vectors may read and write beyond the last pixel of a row.
    private const int Slack = 32;

    private readonly float[] _values;

    private GreyPlane(int width, int height, int stride, int rows)
    {
        (Width, Height, Stride) = (width, height, stride);
        _values = ArrayPool<float>.Shared.Rent((stride * rows) + Slack);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Values from one row to the next.</summary>
    public int Stride { get; }

    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Its rows.</param>
    /// <param name="writtenWidth">Columns that are written, at least as many.</param>
    /// <param name="writtenHeight">Rows that are written, at least as many.</param>
    public static GreyPlane Rent(int width, int height, int writtenWidth, int writtenHeight) =>
        new(width, height, (writtenWidth + (2 * Slack) - 1) / Slack * Slack, writtenHeight);

    /// <summary>The values from a place on.</summary>
    public Span<float> From(int x, int y) => _values.AsSpan((y * Stride) + x);

    public void Dispose() => ArrayPool<float>.Shared.Return(_values);
}
