using HashGrid.Server.Errors;
using HashGrid.Server.Ingest;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Ingest;

public sealed class StreamRegistryTests
{
    [Test]
    public async Task TakeAsync_SecondOfTheSameId_WaitsForTheFirstToEnd()
    {
        StreamRegistry registry = new(10);
        StreamLease first = await registry.TakeAsync("a", CancellationToken.None);
        Task<StreamLease> second = registry.TakeAsync("a", CancellationToken.None);
        Assert.That((first.TakenOver.IsCancellationRequested, second.IsCompleted), Is.EqualTo((true, false)));
        first.Dispose();
        using StreamLease lease = await second.Soon();
        Assert.That((lease.TakenOver.IsCancellationRequested, registry.Count), Is.EqualTo((false, 1)));
    }

    [Test]
    public async Task TakeAsync_ThirdWhileTheSecondGaveUp_StillWaitsForTheFirst()
    {
        StreamRegistry registry = new(10);
        StreamLease first = await registry.TakeAsync("a", CancellationToken.None);
        using CancellationTokenSource cancel = new();
        Task<StreamLease> second = registry.TakeAsync("a", cancel.Token);
        Task<StreamLease> third = registry.TakeAsync("a", CancellationToken.None);
        await cancel.CancelAsync();
        Assert.That(() => second.Soon(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(third.IsCompleted, Is.False, "two writers of one stream");
        first.Dispose();
        (await third.Soon()).Dispose();
        Assert.That(registry.Count, Is.Zero);
    }

    [Test]
    public async Task TakeAsync_TooMany_ThrowsButTakingOverIsAllowed()
    {
        StreamRegistry registry = new(1);
        StreamLease first = await registry.TakeAsync("a", CancellationToken.None);
        Assert.That(() => registry.TakeAsync("b", CancellationToken.None).Soon(),
            Throws.InstanceOf<ServiceException>().With.Property("Reason").EqualTo(ErrorReason.TooManyStreams));
        Task<StreamLease> second = registry.TakeAsync("a", CancellationToken.None);
        first.Dispose();
        (await second.Soon()).Dispose();
    }
}
