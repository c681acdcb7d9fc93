using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Encoding;

public sealed class ChunkedImageTests
{
    private readonly AdmissionBudget _budget = new(new EncodeLoad(100, 1000, 0));

    [TestCase(1, 1)]
    [TestCase(100, 33)]
    [TestCase(1000, 999)]
    public async Task ToFileAsync_AnyPieces_IsTheWholeFile(int bytes, int piece)
    {
        byte[] file = new byte[bytes];
        new Random(20261).NextBytes(file);
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync((ulong)bytes, 1000, _budget, CancellationToken.None);
        foreach (byte[] chunk in file.Chunk(piece)) image.Append(chunk);
        Assert.That(image.IsComplete, Is.True);
        Assert.That((await image.ToFileAsync(CancellationToken.None)).ToArray(), Is.EqualTo(file));
    }

    [Test]
    public async Task AnnounceAsync_BudgetTaken_WaitsUntilTheFirstIsDisposed()
    {
        ChunkedImage first = await ChunkedImage.AnnounceAsync(600, 1000, _budget, CancellationToken.None);
        Task<ChunkedImage> second = ChunkedImage.AnnounceAsync(600, 1000, _budget, CancellationToken.None).AsTask();
        Assert.That(second.IsCompleted, Is.False);
        await first.DisposeAsync();
        await (await second.Soon()).DisposeAsync();
        Assert.That((_budget.Items, _budget.Bytes), Is.EqualTo((0, 0L)));
    }

    [Test]
    public async Task Append_AboveTheLimit_ReadsToTheEndAndHoldsNothing()
    {
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync(5000, 1000, _budget, CancellationToken.None);
        for (int i = 0; i < 50; i++) image.Append(new byte[100]);
        Assert.That(image.IsComplete, Is.True);
        Assert.That(image.Refusal?.Entry.Reason, Is.EqualTo(ErrorReason.ImageTooManyBytes));
        Assert.That(_budget.Bytes, Is.Zero);
    }

    [Test]
    public async Task Append_MoreThanAnnounced_Throws()
    {
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync(10, 1000, _budget, CancellationToken.None);
        Assert.That(() => image.Append(new byte[11]), Throws.InstanceOf<ServiceException>().With.Property("Reason").EqualTo(ErrorReason.ChunkOutOfPlace));
    }

    [TestCase(0)]
    [TestCase(ChunkedImage.MaxChunkBytes + 1)]
    public async Task Append_EmptyOrTooLarge_Throws(int bytes)
    {
        AdmissionBudget budget = new(new EncodeLoad(1, 1 << 20, 0));
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync(1 << 20, 1 << 20, budget, CancellationToken.None);
        Assert.That(() => image.Append(new byte[bytes]), Throws.InstanceOf<ServiceException>().With.Property("Reason").EqualTo(ErrorReason.ChunkTooLarge));
    }

    [Test]
    public async Task AnnounceAsync_NoBytes_IsRefusedAndComplete()
    {
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync(0, 1000, _budget, CancellationToken.None);
        Assert.That((image.IsComplete, image.Refusal?.Entry.Reason), Is.EqualTo((true, (ErrorReason?)ErrorReason.ImageEmpty)));
    }
}
