using System.Diagnostics;
using HashGrid.Server.Indexing;

namespace HashGrid.Server.Tests.Indexing;

public sealed class LagMarksTests
{
    private readonly List<TimeSpan> _told = [];

    [Test]
    public void Reached_MarksUpToASequence_AreToldOnceInOrder()
    {
        LagMarks marks = new(_told.Add);
        long now = Stopwatch.GetTimestamp();
        marks.Note(3, now - (2 * Stopwatch.Frequency));
        marks.Note(7, now - Stopwatch.Frequency);
        marks.Note(9, now);
        marks.Reached(2);
        Assert.That(_told, Is.Empty);
        marks.Reached(8);
        marks.Reached(8);
        Assert.That(_told, Has.Count.EqualTo(2));
        Assert.That(_told[0], Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(2)));
        Assert.That(_told[1], Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(1)).And.LessThan(_told[0]));
        marks.Reached(9);
        Assert.That(_told, Has.Count.EqualTo(3));
    }

    [Test]
    public void Note_MoreThanAreFollowed_LeavesOutTheFurtherOnesUntilThereIsRoom()
    {
        LagMarks marks = new(_told.Add);
        for (int sequence = 1; sequence <= LagMarks.MaxMarks + 5; sequence++) marks.Note(sequence, Stopwatch.GetTimestamp());
        marks.Reached(LagMarks.MaxMarks + 5);
        Assert.That(_told, Has.Count.EqualTo(LagMarks.MaxMarks));
        marks.Note(5000, Stopwatch.GetTimestamp());
        marks.Reached(5000);
        Assert.That(_told, Has.Count.EqualTo(LagMarks.MaxMarks + 1));
    }

    [SetUp]
    public void Forget() => _told.Clear();
}
