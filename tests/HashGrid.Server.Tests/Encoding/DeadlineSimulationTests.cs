using System.Buffers;
using HashGrid.Server.Encoding;
using HashGrid.Server.Telemetry;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Encoding;

/// <summary>A million images at 130 % of the encoder's rate, with mixed deadlines and cancels, on a clock of its own.</summary>
public sealed class DeadlineSimulationTests
{
    private const int Seed = 20261;
    private const int Items = 1_000_000;
    private static readonly TimeSpan PerBatch = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan PerImage = TimeSpan.FromMilliseconds(5);

    [Test]
    public void Encode_MillionItemsUnderOverload_NoneAfterItsDeadlineOrItsCancel()
    {
        FakeClock clock = new();
        Random random = new(Seed);
        using ServerMetrics metrics = new();
        EncodeLimits limits = new() { MaxItems = 256, MaxBytes = 1 << 20, Decoders = 4, DecodeAhead = 16, MaxBatch = 8 };
        EncodeScheduler scheduler = new(limits, clock, metrics);
        EncodeFlow[] flows = [.. Enumerable.Range(0, 20).Select(i => scheduler.OpenFlow(1 + i % 3))];
        EncodeItem[] batch = new EncodeItem[limits.MaxBatch];
        List<(EncodeItem Item, CancellationTokenSource Cancel)> cancellable = [];
        int sent = 0, refused = 0, executed = 0, executedLate = 0, executedCancelled = 0, expired = 0;
        DateTimeOffset encoderFree = FakeClock.Epoch;

        // 160 images/s is what batches of 8 allow; 208 come.
        while (sent < Items || scheduler.Budget.Items > 0)
        {
            if (sent < Items)
            {
                sent++;
                if (scheduler.Budget.TryTake(100))
                {
                    CancellationTokenSource? cancel = random.Next(10) == 0 ? new() : null;
                    // From hopeless to generous: the queue of 256 is 1.6 s deep.
                    var item = new EncodeItem(flows[random.Next(flows.Length)], new byte[100], clock.GetUtcNow() + TimeSpan.FromMilliseconds(random.Next(2, 3000)));
                    scheduler.Submit(item, cancel?.Token ?? default);
                    if (cancel is not null) cancellable.Add((item, cancel));
                    _ = item.Code.ContinueWith(task => expired += task.IsFaulted ? 1 : 0, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                }
                else refused++;
            }
            clock.Advance(TimeSpan.FromMicroseconds(random.Next(1, 9_600)));
            if (cancellable.Count > 0 && random.Next(8) == 0)
            {
                int which = random.Next(cancellable.Count);
                cancellable[which].Cancel.Cancel();
                cancellable[which].Cancel.Dispose();
                cancellable.RemoveAt(which);
            }
            while (scheduler.TryStartDecode(out EncodeItem? decoding)) scheduler.FinishDecode(decoding, ArrayPool<float>.Shared.Rent(16), failure: null);
            if (clock.GetUtcNow() < encoderFree) continue;
            int count = scheduler.TakeBatch(batch, limits.MaxBatch);
            foreach (EncodeItem item in batch.AsSpan(0, count))
            {
                executed++;
                if (item.Deadline <= clock.GetUtcNow()) executedLate++;
                if (item.Code.IsCanceled) executedCancelled++;
                scheduler.Complete(item, [1]);
            }
            if (count > 0) encoderFree = clock.GetUtcNow() + PerBatch + count * PerImage;
        }
        TestContext.Out.WriteLine($"seed {Seed}: {executed} executed, {expired} expired, {refused} refused of {sent}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(executedLate, Is.Zero);
            Assert.That(executedCancelled, Is.Zero);
            Assert.That(executed, Is.GreaterThan(Items / 2), "the simulation must keep the encoder busy");
            Assert.That(expired + refused, Is.GreaterThan(Items / 20), "the simulation must be overloaded");
            Assert.That((scheduler.Budget.Items, scheduler.Budget.Bytes), Is.EqualTo((0, 0L)));
        }
    }
}
