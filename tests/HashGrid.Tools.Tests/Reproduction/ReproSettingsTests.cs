using HashGrid.CommandLine;
using HashGrid.CommandLine.Reproduction;
using HashGrid.Model.Datasets;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests.Reproduction;

public class ReproSettingsTests
{
    private readonly TempFolder _data = new(), _run = new();

    [OneTimeSetUp]
    public void Begin()
    {
        for (int i = 0; i < 3; i++)
            _data.Write($"{i}.png", new byte[10 + i]);
        Plan(Images()).Claim(_run.Path);
    }

    [OneTimeTearDown]
    public void Delete()
    {
        _data.Dispose();
        _run.Dispose();
    }

    [Test]
    public void Claim_TheSameAgain_GoesOn()
    {
        Assert.DoesNotThrow(() => Plan(Images()).Claim(_run.Path));
        Assert.That(ReproSettings.Read(_run.Path).Content, Is.EqualTo(Plan(Images()).Content));
    }

    [Test]
    public void Claim_OtherLabelsPatientsOrUnknown_SaysSo()
    {
        LabelledImage[] images = Images();
        foreach (LabelledImage changed in (LabelledImage[])[images[1] with { Labels = ["Mass"] }, images[1] with { Patient = "q" }, images[1] with { Unknown = ["Mass"] }])
            Assert.That(Refusal(Plan([images[0], changed, images[2]])), Does.Contain("labels or patients of its 3 pictures have changed"));
    }

    [Test]
    public void Claim_OtherPictures_SaysWhichWay()
    {
        LabelledImage[] images = Images();
        Assert.That(Refusal(Plan(images[..2])), Does.Contain("begun with 3 pictures, and there are 2 now"));
        Assert.That(Refusal(Plan([images[1], images[0], images[2]])), Does.Contain("names, sizes or order"));
        string path = _data.Write("longer.png", new byte[99]);
        Assert.That(Refusal(Plan([images[0], images[1], images[2] with { Path = path }])), Does.Contain("names, sizes or order"));
        File.WriteAllBytes(images[2].Path, new byte[50]);
        Assert.That(Refusal(Plan(images)), Does.Contain("names, sizes or order"), "another file under the same name");
        File.WriteAllBytes(images[2].Path, new byte[12]);
    }

    [Test]
    public void Claim_OtherOptions_NamesThem() =>
        Assert.That(Refusal(Plan(Images()) with { Splits = 5, Source = "NIH" }), Does.Contain("source was not given, now \"NIH\"; splits was 3, now 5"));

    private string Refusal(ReproSettings plan) => Assert.Throws<CommandException>(() => plan.Claim(_run.Path))!.Message;

    private ReproSettings Plan(LabelledImage[] images) => MadeCells.Settings(3) with { Content = DataPrint.Of(images, _data.Path) };

    private LabelledImage[] Images() => [.. Enumerable.Range(0, 3).Select(i => new LabelledImage(_data.File($"{i}.png"), $"p{i}", ["Effusion"], []))];
}
