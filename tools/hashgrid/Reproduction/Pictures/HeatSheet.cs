using HashGrid.CommandLine.Demo;
using HashGrid.Model.Attention;
using Image = NetVips.Image;

namespace HashGrid.CommandLine.Reproduction.Pictures;

/// <summary>Pictures by row; the picture, then the map of each network over it with its lowest and highest value; boxes in white; a scale of the colours below.</summary>
internal static class HeatSheet
{
    private const int Side = 176, Gap = 10, Margin = 20, Header = 44, Caption = 24, Scale = 34;

    /// <param name="path">PNG or JPEG, by its extension.</param>
    /// <param name="columns">Titles of the maps.</param>
    /// <param name="rows">A picture, its title, its boxes, and a map for each column.</param>
    public static void Write(string path, string[] columns, IReadOnlyList<(string Picture, string Title, FindingBox[] Boxes, AttentionMap[] Maps)> rows)
    {
        var sheet = new Canvas((2 * Margin) + ((columns.Length + 1) * (Side + Gap)) - Gap, Margin + Header + (rows.Count * (Side + Caption)) + Scale + Margin);
        foreach ((int column, string title) in columns.Prepend("picture").Index())
            sheet.Put(SheetText.Draw(SheetText.Bold(SheetText.Escape(title)), 13, [33, 37, 41], Side), Left(column), Margin);
        foreach ((int row, (string picture, string title, FindingBox[] boxes, AttentionMap[] maps)) in rows.Index())
        {
            int top = Margin + Header + (row * (Side + Caption));
            sheet.Put(Boxed(HeatColors.Picture(picture, Side), boxes), Margin, top);
            foreach ((int column, AttentionMap map) in maps.Index())
            {
                sheet.Put(Boxed(HeatColors.Blend(picture, map, Side), boxes), Left(column + 1), top);
                sheet.Put(SheetText.Draw(FormattableString.Invariant($"{map.Values.Min():F3} to {map.Values.Max():F3}"), 12, [33, 37, 41]), Left(column + 1), top);
            }
            sheet.Put(SheetText.Draw(SheetText.Escape(title), 12, [108, 117, 125]), Margin, top + Side + 4);
        }
        int below = Margin + Header + (rows.Count * (Side + Caption)) + 10;
        sheet.Put(HeatColors.Scale(Side, 12), Left(1), below);
        sheet.Put(SheetText.Draw("from the lowest value of M in a map to its highest", 12, [108, 117, 125]), Left(2), below);
        sheet.Write(path);
    }

    private static int Left(int column) => Margin + (column * (Side + Gap));

    private static Image Boxed(Image picture, FindingBox[] boxes)
    {
        using (picture)
            return picture.Mutate(canvas =>
            {
                foreach (FindingBox box in boxes)
                    canvas.DrawRect([255, 255, 255], (int)(box.Left * Side), (int)(box.Top * Side), Math.Max(2, (int)(box.Width * Side)), Math.Max(2, (int)(box.Height * Side)), fill: false);
            });
    }
}
