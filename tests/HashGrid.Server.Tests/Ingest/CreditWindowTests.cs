using HashGrid.Server.Errors;
using HashGrid.Server.Ingest;

namespace HashGrid.Server.Tests.Ingest;

public sealed class CreditWindowTests
{
    [Test]
    public void TakeGrant_First_IsTheWholeWindow() => Assert.That(new CreditWindow(64, 1L << 30, () => 1000).TakeGrant(), Is.EqualTo(64));

    [Test]
    public void TakeGrant_ManyStreams_IsTheShare() => Assert.That(new CreditWindow(64, 1L << 30, () => 10).TakeGrant(), Is.EqualTo(10));

    [Test]
    public void TakeGrant_NoShareLeft_IsStillOne() => Assert.That(new CreditWindow(64, 1L << 30, () => 0).TakeGrant(), Is.EqualTo(1));

    [Test]
    public void Receive_WithoutCredit_Throws()
    {
        CreditWindow window = new(1, 1L << 30, () => 1);
        window.TakeGrant();
        window.Receive(10);
        Assert.That(() => window.Receive(10), Throws.InstanceOf<ServiceException>().With.Property("Reason").EqualTo(ErrorReason.StreamCreditExceeded));
    }

    [Test]
    public void TakeGrant_FewFinished_WaitsForAQuarterOfTheWindow()
    {
        CreditWindow window = new(16, 1L << 30, () => 100);
        window.TakeGrant();
        for (int i = 0; i < 8; i++) window.Receive(10);
        window.Finish(3);
        Assert.That(window.TakeGrant(), Is.Zero);
        window.Finish(1);
        Assert.That(window.TakeGrant(), Is.EqualTo(4));
    }

    [Test]
    public void TakeGrant_ClientOutOfCredit_DoesNotWait()
    {
        CreditWindow window = new(16, 1L << 30, () => 100);
        window.TakeGrant();
        for (int i = 0; i < 16; i++) window.Receive(10);
        window.Finish(1);
        Assert.That(window.TakeGrant(), Is.EqualTo(1));
    }

    [Test]
    public void TakeGrant_LargeItems_ShrinkTheWindow()
    {
        CreditWindow window = new(64, 16 << 20, () => 1000);
        window.TakeGrant();
        for (int i = 0; i < 64; i++)
        {
            window.Receive(4 << 20);
            window.Finish(1);
        }
        Assert.That(window.TakeGrant(), Is.InRange(4, 5), "16 MiB hold four items of 4 MiB");
    }
}
