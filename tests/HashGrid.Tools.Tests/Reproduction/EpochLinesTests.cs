using HashGrid.CommandLine.Reproduction;

namespace HashGrid.Tools.Tests.Reproduction;

public class EpochLinesTests
{
    [Test]
    public void Done_OnceInTenSeconds_SaysWhatIsLeft()
    {
        var clock = new MovedClock();
        var lines = new List<string>();
        var epochs = new EpochLines("ath-48-split1", 8, lines.Add, clock);
        foreach (int epoch in Enumerable.Range(1, 8))
        {
            clock.Seconds += 6;
            epochs.Done(epoch);
        }
        Assert.That(lines, Is.EqualTo(new[]
        {
            "ath-48-split1: epoch 2 of 8, about 36 s left in this cell", "ath-48-split1: epoch 4 of 8, about 24 s left in this cell", "ath-48-split1: epoch 6 of 8, about 12 s left in this cell",
        }));
    }

    private sealed class MovedClock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
