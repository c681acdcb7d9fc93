using System.Runtime;

namespace HashGrid.Model.Training;

/// <summary>Keeps the garbage collector away from a step of training, as far as it can be asked to.</summary>
/// <remarks>
/// Every <c>2 * x</c> and <c>x + y</c> of TorchSharp passes a number to libtorch that nothing holds (see <see cref="ParameterOptimizer"/>). A step allocates a few megabytes of managed
/// memory; while that much is set aside, no thread collects. Where it is not to be had, or another part of the process has asked first, the step runs as it would have.
/// </remarks>
internal readonly struct CollectorPause : IDisposable
{
    private const long Bytes = 64L << 20;
    private readonly bool _begun;

    private CollectorPause(bool begun) => _begun = begun;

    public static CollectorPause Begin()
    {
        try
        {
            return new CollectorPause(GCSettings.LatencyMode != GCLatencyMode.NoGCRegion && GC.TryStartNoGCRegion(Bytes));
        }
        catch (Exception failure) when (failure is InvalidOperationException or ArgumentOutOfRangeException)
        {
            return default;
        }
    }

    public void Dispose()
    {
        // A thread that asked for a collection, or more memory than was set aside, has ended it already.
        if (!_begun || GCSettings.LatencyMode != GCLatencyMode.NoGCRegion)
            return;
        try
        {
            GC.EndNoGCRegion();
        }
        catch (InvalidOperationException)
        {
            // Ended between the two lines.
        }
    }
}
