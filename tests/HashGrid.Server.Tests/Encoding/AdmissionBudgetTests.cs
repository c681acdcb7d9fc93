using HashGrid.Server.Encoding;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Encoding;

public sealed class AdmissionBudgetTests
{
    [TestCase(2, 100, 40, 40, 1, false, TestName = "TryTake_ItemsUsedUp_IsFalse")]
    [TestCase(3, 100, 40, 40, 21, false, TestName = "TryTake_BytesUsedUp_IsFalse")]
    [TestCase(3, 100, 40, 40, 20, true, TestName = "TryTake_ExactlyFull_IsTrue")]
    public void TryTake_ThirdItem_FitsOrNot(int maxItems, long maxBytes, long first, long second, long third, bool expected)
    {
        AdmissionBudget budget = new(maxItems, maxBytes);
        Assert.That(budget.TryTake(first) && budget.TryTake(second), Is.True);
        Assert.That(budget.TryTake(third), Is.EqualTo(expected));
    }

    [Test]
    public async Task TakeAsync_Full_WaitsInOrder()
    {
        AdmissionBudget budget = new(10, 100);
        budget.TryTake(90);
        Task large = budget.TakeAsync(80, CancellationToken.None).AsTask(), small = budget.TakeAsync(5, CancellationToken.None).AsTask();
        Assert.That(small.IsCompleted, Is.False, "a small one must not overtake, or large ones would starve");
        budget.Release(1, 90);
        await large.Soon();
        await small.Soon();
        Assert.That((budget.Items, budget.Bytes), Is.EqualTo((2, 85L)));
    }

    [Test]
    public async Task TakeAsync_CancelledWaiter_HoldsNothingAndLetsTheNextIn()
    {
        AdmissionBudget budget = new(10, 100);
        budget.TryTake(90);
        using CancellationTokenSource cancel = new();
        Task large = budget.TakeAsync(80, cancel.Token).AsTask(), small = budget.TakeAsync(5, CancellationToken.None).AsTask();
        await cancel.CancelAsync();
        Assert.That(() => large.Soon(), Throws.InstanceOf<OperationCanceledException>());
        await small.Soon();
        Assert.That((budget.Items, budget.Bytes), Is.EqualTo((2, 95L)));
    }

    [Test]
    public void TakeAsync_MoreThanEverFits_Throws() =>
        Assert.That(() => new AdmissionBudget(1, 10).TakeAsync(11, CancellationToken.None).Soon(), Throws.InstanceOf<ArgumentOutOfRangeException>());
}
