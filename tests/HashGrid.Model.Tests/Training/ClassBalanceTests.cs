using HashGrid.Model.Training;

namespace HashGrid.Model.Tests.Training;

public sealed class ClassBalanceTests
{
    private const int Pictures = 100;

    /// <summary>90 pictures without a finding, 9 with the first, 1 with both.</summary>
    private static readonly float[] Labels = [.. Enumerable.Range(0, Pictures).SelectMany(i => (float[])[i >= 90 ? 1 : 0, i == 99 ? 1 : 0])];

    [Test]
    public void Order_PowerZero_IsEveryPictureOnce() =>
        Assert.That(ClassBalance.Order(Labels, Pictures, 2, 0, new Random(1)), Is.EquivalentTo(Enumerable.Range(0, Pictures)).And.Not.Ordered);

    [Test]
    public void Order_PowerOne_ShowsEveryClassAboutEquallyOften()
    {
        // Weights: 1/0.9 (90 times), 1/0.1 (9 times), 1/0.01 (once): a hundred each of about 290.
        int[] order = ClassBalance.Order(Labels, Pictures, 2, 1, new Random(1));

        Assert.That(order, Has.Length.EqualTo(Pictures));
        Assert.That(new[] { order.Count(i => i < 90), order.Count(i => i is >= 90 and < 99), order.Count(i => i == 99) }, Has.All.InRange(30, 38));
    }

    [Test]
    public void Order_PowerHalf_LiesBetween()
    {
        int rare = ClassBalance.Order(Labels, Pictures, 2, 0.5, new Random(1)).Count(i => i == 99);

        Assert.That(rare, Is.InRange(6, 8)); // 10 of 94.9 + 28.5 + 10 in a hundred: 7.5
    }

    [Test]
    public void Order_ManyEpochs_MissesNoPicture()
    {
        var seen = new HashSet<int>();
        for (int epoch = 0; epoch < 40; epoch++) seen.UnionWith(ClassBalance.Order(Labels, Pictures, 2, 1, new Random(epoch)));

        Assert.That(seen, Has.Count.EqualTo(Pictures));
    }

    [Test]
    public void Order_SameSeed_SameOrder() =>
        Assert.That(ClassBalance.Order(Labels, Pictures, 2, 0.7, new Random(5)), Is.EqualTo(ClassBalance.Order(Labels, Pictures, 2, 0.7, new Random(5))));
}
