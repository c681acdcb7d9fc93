using HashGrid.Server.Encoding;
using HashGrid.Server.Errors;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Encoding;

public sealed class ChunkedImageTests
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(30);
    private readonly AdmissionBudget _budget = new(new EncodeLoad(100, 1000, 0));
    private readonly FakeClock _clock = new();
    private UploadRoom _room = null!;

    [SetUp]
    public void SetUp() => _room = Room(_budget, 1000);

    [TestCase(1, 1)]
    [TestCase(100, 33)]
    [TestCase(1000, 999)]
    public async Task ToFileAsync_AnyPieces_IsTheWholeFile(int bytes, int piece)
    {
        byte[] file = new byte[bytes];
        new Random(20261).NextBytes(file);
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync((ulong)bytes, 1000, _room, CancellationToken.None);
        foreach (byte[] chunk in file.Chunk(piece)) image.Append(chunk);
        Assert.That(image.IsComplete, Is.True);
        Assert.That((await image.ToFileAsync(CancellationToken.None)).ToArray(), Is.EqualTo(file));
    }

    [Test]
    public async Task AnnounceAsync_BudgetTaken_WaitsUntilTheFirstIsDisposed()
    {
        ChunkedImage first = await ChunkedImage.AnnounceAsync(600, 1000, _room, CancellationToken.None);
        Task<ChunkedImage> second = ChunkedImage.AnnounceAsync(600, 1000, _room, CancellationToken.None).AsTask();
        Assert.That(second.IsCompleted, Is.False);
        await first.DisposeAsync();
        await (await second.Soon()).DisposeAsync();
        Assert.That((_budget.Items, _budget.Bytes), Is.EqualTo((0, 0L)));
    }

    [Test]
    public async Task Append_AboveTheLimit_ReadsToTheEndAndHoldsNothing()
    {
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync(5000, 1000, _room, CancellationToken.None);
        for (int i = 0; i < 50; i++) image.Append(new byte[100]);
        Assert.That(image.IsComplete, Is.True);
        Assert.That(image.Refusal?.Entry.Reason, Is.EqualTo(ErrorReason.ImageTooManyBytes));
        Assert.That(_budget.Bytes, Is.Zero);
    }

    [Test]
    public async Task Append_MoreThanAnnounced_Throws()
    {
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync(10, 1000, _room, CancellationToken.None);
        Assert.That(() => image.Append(new byte[11]), Throws.InstanceOf<ServiceException>().With.Property("Reason").EqualTo(ErrorReason.ChunkOutOfPlace));
    }

    [TestCase(0)]
    [TestCase(ChunkedImage.MaxChunkBytes + 1)]
    public async Task Append_EmptyOrTooLarge_Throws(int bytes)
    {
        UploadRoom room = Room(new AdmissionBudget(new EncodeLoad(1, 1 << 20, 0)), 1 << 20);
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync(1 << 20, 1 << 20, room, CancellationToken.None);
        Assert.That(() => image.Append(new byte[bytes]), Throws.InstanceOf<ServiceException>().With.Property("Reason").EqualTo(ErrorReason.ChunkTooLarge));
    }

    [Test]
    public async Task AnnounceAsync_NoBytes_IsRefusedAndComplete()
    {
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync(0, 1000, _room, CancellationToken.None);
        Assert.That((image.IsComplete, image.Refusal?.Entry.Reason), Is.EqualTo((true, (ErrorReason?)ErrorReason.ImageEmpty)));
    }

    [Test]
    public async Task AnnounceAsync_CallerAtItsBound_WaitsWhileAnotherIsLetIn()
    {
        UploadRoom slow = Room(_budget, 500), other = Room(_budget, 500);
        ChunkedImage held = await ChunkedImage.AnnounceAsync(400, 1000, slow, CancellationToken.None);
        Task<ChunkedImage> waits = ChunkedImage.AnnounceAsync(400, 1000, slow, CancellationToken.None).AsTask();
        await (await ChunkedImage.AnnounceAsync(400, 1000, other, CancellationToken.None).Soon()).DisposeAsync();
        Assert.That(waits.IsCompleted, Is.False);
        await held.DisposeAsync();
        await (await waits.Soon()).DisposeAsync();
    }

    [Test]
    public async Task ReadAsync_AByteNowAndThen_EndsWhenTheRateIsMissed()
    {
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync(1000, 1000, _room, CancellationToken.None);
        int chunks = 0;
        ServiceException? late = await Assert.ThrowsAsync<ServiceException>(() => image.ReadAsync((allowed, _) =>
        {
            Assert.That(allowed, Is.LessThanOrEqualTo(Stall));
            _clock.Advance(TimeSpan.FromSeconds(29));
            chunks++;
            return ValueTask.FromResult<ReadOnlyMemory<byte>?>(new byte[1]);
        }).AsTask());
        Assert.That((late!.Reason, chunks), Is.EqualTo((ErrorReason.UploadStalled, 2)));
        Assert.That(late.Message, Does.StartWith("2 of the announced 1000 bytes of an image came in 58 s").And.Contain("30 s").And.Contain("10 bytes/s"));
    }

    [Test]
    public async Task ReadAsync_AtTheLeastRate_ArrivesHoweverLongItTakes()
    {
        await using ChunkedImage image = await ChunkedImage.AnnounceAsync(1000, 1000, _room, CancellationToken.None);
        Assert.That(await image.ReadAsync((_, _) =>
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            return ValueTask.FromResult<ReadOnlyMemory<byte>?>(new byte[100]);
        }).Soon(), Is.True);
    }

    [Test]
    public void Allowed_NoLeastRate_IsTheStallTime()
    {
        UploadPace pace = new(Stall, 0, _clock);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.That(pace.Allowed(1), Is.EqualTo(Stall));
    }

    private UploadRoom Room(AdmissionBudget uploads, long maxBytes) => new(uploads, maxBytes, () => new UploadPace(Stall, 10, _clock));
}
