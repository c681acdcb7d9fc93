namespace HashGrid.Index.Tests.Support;

/// <summary>Bytes that this thread allocates while an action runs.</summary>
internal static class AllocationMeter
{
    public static long Measure(Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
