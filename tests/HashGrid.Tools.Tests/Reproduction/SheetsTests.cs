using HashGrid.CommandLine.Reproduction.Pictures;
using HashGrid.Index;
using HashGrid.Model.Datasets;
using HashGrid.Tools.Tests.Support;
using NetVips;

namespace HashGrid.Tools.Tests.Reproduction;

public class SheetsTests
{
    [Test]
    public void Row_FilesOfOneName_EachMatchShowsItsOwnPicture()
    {
        using var folder = new TempFolder();
        LabelledImage Picture(string patient, double grey)
        {
            string path = Path.Combine(Directory.CreateDirectory(folder.File($"{patient}/study1")).FullName, "view1_frontal.png");
            using NetVips.Image image = (NetVips.Image.Black(64, 64) + grey).Cast(Enums.BandFormat.Uchar);
            image.Pngsave(path);
            return new LabelledImage(path, patient, ["Edema"], []);
        }
        LabelledImage[] stored = [Picture("patient1", 255), Picture("patient2", 0)];
        LabelledImage query = Picture("patient3", 128);
        string sheet = folder.File("sheet.png");

        Sheets.Sheet(stored).Write(sheet, [Sheets.Row(query, [new Neighbor(1, 0), new Neighbor(0, 3)], stored)], "a title");

        using NetVips.Image drawn = NetVips.Image.NewFromFile(sheet);
        Assert.That(drawn[142, 232][0], Is.EqualTo(128), "the query");
        Assert.That(drawn[406, 232][0], Is.Zero, "the nearest is patient2's");
        Assert.That(drawn[644, 232][0], Is.EqualTo(255), "then comes patient1's");
        Assert.That(Sheets.Row(query, [], stored).Query.Title, Is.EqualTo("patient3/study1"));
    }
}
