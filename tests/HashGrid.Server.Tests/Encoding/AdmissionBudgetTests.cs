using HashGrid.Server.Encoding;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Encoding;

public sealed class AdmissionBudgetTests
{
    private static EncodeLoad Load(long bytes, long pixels = 0) => new(1, bytes, pixels);

    [TestCase(2, 100, 1, 0, false, TestName = "TryTake_ItemsUsedUp_IsFalse")]
    [TestCase(3, 100, 21, 0, false, TestName = "TryTake_BytesUsedUp_IsFalse")]
    [TestCase(3, 100, 20, 0, true, TestName = "TryTake_ExactlyFull_IsTrue")]
    [TestCase(3, 100, 1, 11, false, TestName = "TryTake_PixelsUsedUp_IsFalse")]
    [TestCase(3, 100, 1, 10, true, TestName = "TryTake_PixelsExactlyFull_IsTrue")]
    public void TryTake_ThirdItem_FitsOrNot(int maxItems, long maxBytes, long thirdBytes, long thirdPixels, bool expected)
    {
        AdmissionBudget budget = new(new EncodeLoad(maxItems, maxBytes, 20));
        Assert.That(budget.TryTake(budget.Common, Load(40, 5)) && budget.TryTake(budget.Common, Load(40, 5)), Is.True);
        Assert.That(budget.TryTake(budget.Common, Load(thirdBytes, thirdPixels)), Is.EqualTo(expected));
    }

    [Test]
    public async Task TakeAsync_Full_WaitsInOrder()
    {
        AdmissionBudget budget = new(new EncodeLoad(10, 100, 0));
        budget.TryTake(budget.Common, Load(90));
        Task large = budget.TakeAsync(budget.Common, Load(80), CancellationToken.None), small = budget.TakeAsync(budget.Common, Load(5), CancellationToken.None);
        Assert.That(small.IsCompleted, Is.False, "a small one must not overtake, or large ones would starve");
        budget.Release(budget.Common, Load(90));
        await large.Soon();
        await small.Soon();
        Assert.That(budget.Held, Is.EqualTo(new EncodeLoad(2, 85, 0)));
    }

    [Test]
    public async Task TakeAsync_CancelledWaiter_HoldsNothingAndLetsTheNextIn()
    {
        AdmissionBudget budget = new(new EncodeLoad(10, 100, 0));
        budget.TryTake(budget.Common, Load(90));
        using CancellationTokenSource cancel = new();
        Task large = budget.TakeAsync(budget.Common, Load(80), cancel.Token), small = budget.TakeAsync(budget.Common, Load(5), CancellationToken.None);
        await cancel.CancelAsync();
        Assert.That(() => large.Soon(), Throws.InstanceOf<OperationCanceledException>());
        await small.Soon();
        Assert.That(budget.Held, Is.EqualTo(new EncodeLoad(2, 95, 0)));
    }

    [Test]
    public void TakeAsync_CancelledBefore_HoldsNothing()
    {
        AdmissionBudget budget = new(new EncodeLoad(1, 100, 0));
        budget.TryTake(budget.Common, Load(1));
        Assert.That(budget.TakeAsync(budget.Common, Load(1), new CancellationToken(canceled: true)).IsCanceled, Is.True);
        budget.Release(budget.Common, Load(1));
        Assert.That(budget.Held, Is.EqualTo(default(EncodeLoad)));
    }

    [Test]
    public void TakeAsync_StreamAtItsOwnBound_HoldsUpNobodyElse()
    {
        AdmissionBudget budget = new(new EncodeLoad(10, 100, 0));
        AdmissionShare narrow = budget.OpenShare(new EncodeLoad(1, 50, 0), 1), other = budget.OpenShare(new EncodeLoad(5, 50, 0), 1);
        Assert.That(budget.TakeAsync(narrow, Load(10), CancellationToken.None).IsCompleted, Is.True);
        Task waits = budget.TakeAsync(narrow, Load(10), CancellationToken.None);
        Assert.That((waits.IsCompleted, budget.TakeAsync(other, Load(10), CancellationToken.None).IsCompleted), Is.EqualTo((false, true)));
        budget.Release(narrow, Load(10));
        Assert.That((waits.IsCompleted, narrow.Held, budget.Held), Is.EqualTo((true, Load(10), new EncodeLoad(2, 20, 0))));
    }

    [Test]
    public void TakeAsync_StreamsThatWait_ComeInByWeight()
    {
        AdmissionBudget budget = new(new EncodeLoad(1, 100, 0));
        AdmissionShare heavy = budget.OpenShare(budget.Limit, 3), light = budget.OpenShare(budget.Limit, 1);
        budget.TryTake(budget.Common, Load(1));
        List<(bool Heavy, Task Admitted)> waiters = [];
        for (int i = 0; i < 40; i++)
        {
            waiters.Add((true, budget.TakeAsync(heavy, Load(1), CancellationToken.None)));
            waiters.Add((false, budget.TakeAsync(light, Load(1), CancellationToken.None)));
        }
        AdmissionShare holder = budget.Common;
        for (int i = 0; i < 40; i++)
        {
            budget.Release(holder, Load(1));
            holder = heavy.Held.Items == 1 ? heavy : light;
        }
        Assert.That(waiters.Count(waiter => waiter.Heavy && waiter.Admitted.IsCompleted), Is.EqualTo(30).Within(1));
    }

    [Test]
    public void TryTake_OrdinaryRoomUsedUp_ReachesTheReserve()
    {
        AdmissionBudget budget = new(new EncodeLoad(10, 100, 0), reserve: new EncodeLoad(2, 20, 0));
        for (int i = 0; i < 8; i++) Assert.That(budget.TakeAsync(budget.Common, Load(1), CancellationToken.None).IsCompleted, Is.True);
        AdmissionShare urgent = budget.OpenShare(budget.Limit, 1);
        Task waits = budget.TakeAsync(budget.Common, Load(1), CancellationToken.None);
        Assert.That((waits.IsCompleted, budget.TryTake(urgent, Load(1)), budget.TryTake(urgent, Load(1)), budget.TryTake(urgent, Load(1))), Is.EqualTo((false, true, true, false)));
    }

    [Test]
    public void TakeAsync_MoreThanEverFits_Throws()
    {
        AdmissionBudget budget = new(new EncodeLoad(2, 10, 0), reserve: new EncodeLoad(0, 5, 0));
        Assert.That(() => budget.TakeAsync(budget.Common, Load(6), CancellationToken.None), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Constructor_ReserveLeavesNoRoom_Throws() =>
        Assert.That(() => new AdmissionBudget(new EncodeLoad(2, 10, 0), reserve: new EncodeLoad(2, 0, 0)), Throws.InstanceOf<ArgumentOutOfRangeException>());
}
