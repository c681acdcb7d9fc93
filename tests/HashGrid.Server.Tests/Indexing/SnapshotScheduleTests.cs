using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Storage;
using HashGrid.Server.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace HashGrid.Server.Tests.Indexing;

public sealed class SnapshotScheduleTests : StoreFixture
{
    [TestCase(99, 0, 0, false, TestName = "IsDue_FewChanges_No")]
    [TestCase(100, 400, 0, true, TestName = "IsDue_ChangesOfASmallIndex_Yes")]
    [TestCase(100, 404, 0, false, TestName = "IsDue_LessThanAQuarterOfTheCodes_No")]
    [TestCase(101, 404, 0, true, TestName = "IsDue_AQuarterOfTheCodes_Yes")]
    [TestCase(99_999, 1_000_000, 60, false, TestName = "IsDue_TimeWithoutChanges_No")]
    [TestCase(100_000, 1_000_000, 59, false, TestName = "IsDue_TooEarly_No")]
    [TestCase(100_000, 1_000_000, 60, true, TestName = "IsDue_TimeAndChanges_Yes")]
    public void IsDue(long changes, long codes, int seconds, bool due) =>
        Assert.That(new SnapshotPolicy(100, TimeSpan.FromMinutes(1)).IsDue(changes, codes, TimeSpan.FromSeconds(seconds)), Is.EqualTo(due));

    [Test]
    public void IsDue_SwitchedOff_Never() =>
        Assert.That(new SnapshotPolicy(0, TimeSpan.Zero).IsDue(long.MaxValue, 1, TimeSpan.FromDays(9)), Is.False);

    [Test]
    public async Task Schedule_EnoughChanges_WritesASnapshotThatTheNextStartUses()
    {
        await using CodeStore store = await OpenAsync();
        await using (IndexHost host = Start(store))
        {
            var time = new FakeClock();
            await using var schedule = new SnapshotSchedule(host, new SnapshotPolicy(50, TimeSpan.Zero), NullLogger.Instance, time);
            for (ulong id = 0; id < 60; id++)
                store.Put(Record(id, id), PutMode.Add, null);
            await host.WaitAppliedAsync(store.LastSequence, CancellationToken.None).AsTask().WaitAsync(Limit);
            await Within.Until(() =>
            {
                time.Advance(SnapshotSchedule.Period);
                return host.ChangesSinceSnapshot == 0;
            }, "a snapshot");
        }
        await using IndexHost again = Start(store);
        Assert.That(again.SnapshotSequence, Is.EqualTo(store.LastSequence));
    }

    [Test]
    public async Task Schedule_FolderCanNotBeWritten_GoesOnAndTriesAgainLater()
    {
        await using CodeStore store = await OpenAsync();
        await using IndexHost host = Start(store);
        File.WriteAllText(Sub("index"), "a file where the folder should be");
        var time = new FakeClock();
        await using var schedule = new SnapshotSchedule(host, new SnapshotPolicy(1, TimeSpan.Zero), NullLogger.Instance, time);
        await host.WaitAppliedAsync(store.Put(Record(1, 1), PutMode.Add, null).Sequence, CancellationToken.None).AsTask().WaitAsync(Limit);
        for (int i = 0; i < 5; i++)
        {
            time.Advance(SnapshotSchedule.Period);
            await Task.Delay(20);
        }
        Assert.That(host.ChangesSinceSnapshot, Is.EqualTo(2));
        File.Delete(Sub("index"));
        await Within.Until(() =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return host.ChangesSinceSnapshot == 0;
        }, "a snapshot after the failure");
    }

    private IndexHost Start(CodeStore store) => IndexHost.Start(store, new IndexHostOptions { Directory = Sub("index"), Width = new CodeWidth(64) });
}
