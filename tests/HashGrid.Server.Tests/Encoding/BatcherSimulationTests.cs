using HashGrid.Server.Encoding;
using HashGrid.Server.Tests.Encoding.Simulation;

namespace HashGrid.Server.Tests.Encoding;

/// <summary>The batcher's promises, on its own code with a clock and threads that are played: small here, a million images on request.</summary>
public sealed class BatcherSimulationTests
{
    [TestCase(20261)]
    [TestCase(20262)]
    [TestCase(20263)]
    public void Run_ThirtyThousandImagesUnderOverload_KeepsEveryPromise(int seed) => Verify(seed, 30_000);

    /// <summary>dotnet test tests/HashGrid.Server.Tests --filter "FullyQualifiedName~MillionImages" -- NUnit.ExplicitMode=Relaxed</summary>
    [Test]
    [Explicit("a minute or two; the small ones above run always")]
    public void Run_MillionImagesUnderOverload_KeepsEveryPromise() => Verify(seed: 20260, 1_000_000);

    private static void Verify(int seed, int items)
    {
        using BatcherSimulation simulation = new(seed, items);
        simulation.Run();
        SimResult result = simulation.Result;
        SimStream[] ingest = [.. simulation.Streams.Where(stream => stream.Weight == EncodeFlow.IngestWeight)];
        SimStream[] encode = [.. simulation.Streams.Where(stream => stream.Weight == EncodeFlow.EncodeWeight)];
        double ratio = encode.Average(stream => stream.Started) / ingest.Average(stream => stream.Started);
        TestContext.Out.WriteLine($"seed {seed}: of {result.Sent} images {result.Executed} executed, {result.Expired} expired, {result.Failed} failed, {result.Cancelled} cancelled inside and "
            + $"{result.CancelledOutside} outside; peak {result.Peak} and {result.PeakDecodingPixels} pixels decoding; fairness {simulation.Fairness.Worst:F3} of the bound in {simulation.Fairness.Compared} comparisons; "
            + $"weights 2 : 1 gave {ratio:F3} : 1; a search waited for {result.SearchOvertaken} others at most, {result.SearchesRefused} refused");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Violations, Is.Empty, $"seed {seed}");
            Assert.That(result.ExecutedAfterDeadline, Is.Zero);
            Assert.That(result.ExecutedAfterCancel, Is.Zero);
            Assert.That(result.Left, Is.EqualTo(default(EncodeLoad)));
            Assert.That(simulation.Fairness.Worst, Is.LessThanOrEqualTo(1 + 1e-6));
            Assert.That(ratio, Is.EqualTo(2).Within(0.1));
            Assert.That(result.SearchesRefused, Is.Zero);
            Assert.That(result.SearchOvertaken, Is.LessThanOrEqualTo(simulation.Streams.Count - 1));
            Assert.That(result.PeakDecodingPixels, Is.LessThanOrEqualTo(BatcherSimulation.Limits.MaxDecodingPixels));
            // The simulation must be able to fail: overloaded, near its limits, full of cancels, and worth comparing.
            Assert.That(result.Executed, Is.GreaterThan(items / 4));
            Assert.That(result.Expired, Is.GreaterThan(items / 10));
            Assert.That(result.Cancelled, Is.GreaterThan(items / 100));
            Assert.That(result.CancelledOutside, Is.Positive);
            Assert.That(result.Peak.Items, Is.GreaterThan(150));
            Assert.That(result.Peak.Pixels, Is.GreaterThan(BatcherSimulation.Limits.MaxPixels / 2));
            Assert.That(simulation.Fairness.Compared, Is.GreaterThan(items));
        }
    }
}
