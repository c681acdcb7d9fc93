using System.Globalization;
using HashGrid.Model.Datasets;

namespace HashGrid.Model.Attention;

/// <summary>A box around a finding, in shares of the picture's width and height.</summary>
/// <param name="Picture">File name without extension.</param>
/// <param name="Finding">What it shows.</param>
/// <param name="Left">0 to 1.</param>
/// <param name="Top">0 to 1.</param>
/// <param name="Width">0 to 1.</param>
/// <param name="Height">0 to 1.</param>
public sealed record FindingBox(string Picture, string Finding, double Left, double Top, double Width, double Height)
{
    private const double Side = 1024; // of the pictures that the published boxes count in

    /// <summary>Share of the picture that the box covers: what a random place hits.</summary>
    public double Area => Width * Height;

    /// <summary>Whether a place, in shares from the top left, lies in it.</summary>
    public bool Holds(double x, double y) => x >= Left && x < Left + Width && y >= Top && y < Top + Height;

    /// <summary>Reads ChestX-ray14's BBox_List_2017.csv: Image Index, Finding Label, "Bbox [x", y, w, "h]", in pixels of 1024.</summary>
    /// <exception cref="DatasetException">A column is missing or a field is no number.</exception>
    public static IReadOnlyList<FindingBox> Read(string path)
    {
        CsvTable table = CsvTable.Read(path, "Image Index", "Finding Label", "Bbox [x", "y", "w", "h]");
        return [.. table.Rows.Select(row =>
        {
            double Number(string column) => double.TryParse(table.Get(row, column), NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                ? value / Side
                : throw new DatasetException($"'{path}' line {CsvTable.Line(row)}: {column} is '{table.Get(row, column)}', expected a number of pixels");
            return new FindingBox(Path.GetFileNameWithoutExtension(table.Get(row, "Image Index")), table.Get(row, "Finding Label"), Number("Bbox [x"), Number("y"), Number("w"), Number("h]"));
        })];
    }
}
