using HashGrid.Model.Attention;
using HashGrid.Model.Datasets;

namespace HashGrid.Model.Tests.Attention;

public sealed class PointingGameTests
{
    [Test]
    public void Judge_PeakInAQuarter_HitsTheBoxThere()
    {
        var map = new AttentionMap([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 4);
        FindingBox there = new("a", "Mass", 0.75, 0.75, 0.25, 0.25), elsewhere = there with { Left = 0 };
        PointingGame hit = PointingGame.Judge(map, there), miss = PointingGame.Judge(map, elsewhere);
        Assert.That(hit.Hit, Is.True);
        Assert.That(miss.Hit, Is.False);
        Assert.That(hit.Overlaps, Has.Length.EqualTo(3).And.All.InRange(0.2, 1.0));
        Assert.That(miss.Overlaps, Is.All.EqualTo(0));
    }

    [Test]
    public void Judge_FlatPositiveMap_OverlapsByTheArea()
    {
        var map = new AttentionMap([0.3f, 0.3f, 0.3f, 0.3f], 2);
        PointingGame game = PointingGame.Judge(map, new FindingBox("a", "Mass", 0, 0, 0.5, 0.5));
        Assert.That(game.Overlaps, Is.All.EqualTo(0.25).Within(1e-9));
    }

    [Test]
    public void Judge_NoPositiveValue_MarksNothing() =>
        Assert.That(PointingGame.Judge(new AttentionMap([-0.3f, -0.1f, -0.2f, -0.4f], 2), new FindingBox("a", "Mass", 0, 0, 1, 1)).Overlaps, Is.All.EqualTo(0));

    [Test]
    public void Resize_TwoByTwo_IsBilinearBetweenCentres()
    {
        float[] values = new AttentionMap([0, 1, 2, 3], 2).Resize(4, 4);
        Assert.That(values[..4], Is.EqualTo(new[] { 0, 0.25f, 0.75f, 1 }).Within(1e-6));
        Assert.That(values[4..8], Is.EqualTo(new[] { 0.5f, 0.75f, 1.25f, 1.5f }).Within(1e-6));
        Assert.That(AttentionMap.Stretch([-1, 0, 3]), Is.EqualTo(new[] { 0, 0.25f, 1 }));
        Assert.That(AttentionMap.Stretch([2, 2]), Is.All.EqualTo(0));
    }

    [Test]
    public void Sameness_EqualOppositeAndFlatMaps_IsTheirMeanCorrelation()
    {
        AttentionMap map = new([0, 1, 2, 3], 2), scaled = new([1, 1.5f, 2, 2.5f], 2), opposite = new([3, 2, 1, 0], 2), flat = new([1, 1, 1, 1], 2);
        Assert.That(AttentionMap.Sameness([map, scaled]), Is.EqualTo(1).Within(1e-9));
        Assert.That(AttentionMap.Sameness([map, scaled, opposite]), Is.EqualTo(-1 / 3.0).Within(1e-9));
        Assert.That(AttentionMap.Sameness([map, flat]), Is.EqualTo(1));
        Assert.Throws<ArgumentException>(() => AttentionMap.Sameness([map]));
    }

    [Test]
    public void Saturated_SomePlaces_IsTheirShare()
    {
        Assert.That(AttentionMap.Saturated([new([0.96f, -0.99f, 0.94f, 0], 2), new([1, 0, 0, 0], 2)]), Is.EqualTo(3 / 8.0));
        Assert.That(AttentionMap.Saturated([]), Is.Zero);
    }

    [Test]
    public void Read_PublishedRows_BecomeShares()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "Image Index,Finding Label,Bbox [x,y,w,h],,,\n00013118_008.png,Atelectasis,256,512,128,64,,,\n");
            Assert.That(FindingBox.Read(path), Is.EqualTo(new[] { new FindingBox("00013118_008", "Atelectasis", 0.25, 0.5, 0.125, 0.0625) }));
            File.WriteAllText(path, "Image Index,Finding Label,Bbox [x,y,w,h],,,\na.png,Mass,1,x,3,4,,,\n");
            Assert.That(Assert.Throws<DatasetException>(() => FindingBox.Read(path))!.Message, Does.Contain("line 2").And.Contain("y is 'x'"));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
