using System.Diagnostics;
using TorchSharp;

namespace HashGrid.Model.Tests.Runtime;

public sealed class HeldArithmeticTests
{
    [Test]
    public void BuildFoldAndForward_WhileAnotherThreadCollects_GiveNumbers()
    {
        // With passing numbers about one try in 250 ended with "Expected false to be true": some hundreds of tries.
        var options = new HashNetOptions { Bits = 16, TrunkWidth = 4, InputSize = 64, RefinedWidth = 8, HiddenWidth = 8, StandardDescriptors = true, Labels = ["a", "b"] };
        bool stop = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            long started = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(4))
            {
                using IDisposable inference = torch.no_grad();
                using DisposeScope scope = torch.NewDisposeScope();
                using var net = new HashNet(options);
                net.Fold();
                Assert.That(net.Forward(torch.rand(1, 64, 64)).Code.isfinite().all().item<bool>());
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            collector.Join();
        }
    }
}
