using System.Globalization;
using HashGrid.Client;
using NetVips;
using Image = NetVips.Image;

namespace HashGrid.CommandLine.Demo;

/// <summary>
/// The answers as one picture: a row for each query, at its left the query, then its nearest images. A green frame, and a bold label,
/// means at least one label in common; red means none.
/// </summary>
/// <param name="stored">What a match's name stands for: names are unique.</param>
internal sealed class RetrievalSheet(IReadOnlyDictionary<string, Sample> stored)
{
    private const int Margin = 32;
    private const int Side = 208;
    private const int Frame = 6;
    private const int Gap = 18;
    private const int QueryGap = 44;
    private const int Header = 122;
    private const int Caption = 74;
    private const int Footer = 40;
    private const int Cell = Side + (2 * Frame);
    private const int Row = Cell + Caption;

    private static double[] Ink => [33, 37, 41];
    private static double[] Faint => [108, 117, 125];
    private static double[] Shared => [25, 135, 84];
    private static double[] Different => [200, 45, 55];
    private static double[] QueryFrame => [73, 80, 87];

    /// <summary>Draws and writes a PNG.</summary>
    /// <param name="path">Replaced if it is there.</param>
    /// <param name="retrievals">At least one.</param>
    /// <param name="subtitle">What made it: model, width, store.</param>
    public void Write(string path, IReadOnlyList<Retrieval> retrievals, string subtitle)
    {
        int columns = retrievals.Max(retrieval => retrieval.Matches.Count);
        int width = (2 * Margin) + Cell + QueryGap + (columns * Cell) + ((columns - 1) * Gap);
        int height = Header + (retrievals.Count * Row) + Footer;
        var sheet = new Canvas(width, height);
        sheet.Put(SheetText.Draw(SheetText.Bold("Nearest codes of chest X-rays"), 28, Ink), Margin, 24);
        sheet.Put(SheetText.Draw(SheetText.Escape(subtitle), 15, Faint), Margin, 62);
        sheet.Put(SheetText.Draw(SheetText.Bold("query, a patient not in the store"), 15, Ink), Margin, Header - 28);
        for (int column = 0; column < columns; column++)
            sheet.Put(SheetText.Draw(SheetText.Bold(column == 0 ? "nearest" : (column + 1).ToString(CultureInfo.InvariantCulture)), 15, Ink), Left(column), Header - 28);
        for (int row = 0; row < retrievals.Count; row++)
            PutRow(sheet, retrievals[row], Header + (row * Row));
        string sources = string.Join(", ", stored.Values.Select(sample => sample.Source).Where(source => source.Length > 0).Distinct());
        string legend = "Green frame: shares a label (bold) with the query. Red frame: shares none. Distance: differing bits of the codes.";
        sheet.Put(SheetText.Draw(SheetText.Escape(sources.Length > 0 ? $"{legend} Images: {sources}." : legend), 14, Faint), Margin, height - Footer + 4);
        sheet.Write(path);
    }

    private static string Readable(string label) => SheetText.Escape(label.Replace('_', ' '));

    private static int Left(int column) => Margin + Cell + QueryGap + (column * (Cell + Gap));

    private void PutRow(Canvas sheet, Retrieval retrieval, int top)
    {
        PutPicture(sheet, retrieval.Query.Path, QueryFrame, Margin, top);
        string labels = string.Join(", ", retrieval.Query.Labels.Select(Readable));
        PutCaption(sheet, retrieval.Query.Title, SheetText.Bold(labels), Margin, top);
        for (int column = 0; column < retrieval.Matches.Count; column++)
        {
            SearchMatch match = retrieval.Matches[column];
            if (stored.TryGetValue(match.Name, out Sample? sample))
                PutPicture(sheet, sample.Path, retrieval.IsShared(match) ? Shared : Different, Left(column), top);
            string marked = string.Join(", ", match.Labels.Select(label =>
                retrieval.Query.Labels.Contains(label) ? SheetText.Bold(Readable(label)) : Readable(label)));
            PutCaption(sheet, string.Create(CultureInfo.InvariantCulture, $"{sample?.Title ?? match.Name}   distance {match.Distance}"), marked, Left(column), top);
        }
    }

    private static void PutPicture(Canvas sheet, string path, double[] frame, int left, int top)
    {
        using Image picture = Image.Thumbnail(path, Side, height: Side, size: Enums.Size.Both).Colourspace(Enums.Interpretation.Srgb);
        using Image flat = picture.HasAlpha() ? picture.Flatten() : picture.Copy();
        // Centred in a black square, since X-rays are rarely square and their background is black.
        Image square = flat.Gravity(Enums.CompassDirection.Centre, Side, Side, extend: Enums.Extend.Black);
        sheet.Put(square.Embed(Frame, Frame, Cell, Cell, extend: Enums.Extend.Background, background: frame), left, top);
    }

    private static void PutCaption(Canvas sheet, string first, string labels, int left, int top)
    {
        sheet.Put(SheetText.Draw(SheetText.Escape(first), 13, Faint), left, top + Cell + 7);
        if (labels.Length > 0)
            sheet.Put(SheetText.Draw(labels, 13, Ink, Cell), left, top + Cell + 26);
    }
}
