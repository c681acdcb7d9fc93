namespace HashGrid.Server.Tests.Support;

/// <summary>Every wait of a test has an end: generous, since two cores may serve many.</summary>
internal static class Within
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task Soon(this Task task) => task.WaitAsync(Limit);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Limit);

    public static Task<T> Soon<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Limit);

    public static Task Soon(this ValueTask task) => task.AsTask().WaitAsync(Limit);

    /// <summary>Waits until a condition holds.</summary>
    public static async Task Until(Func<bool> condition, string what)
    {
        DateTime end = DateTime.UtcNow + Limit;
        while (!condition())
        {
            if (DateTime.UtcNow > end) Assert.Fail($"waited {Limit.TotalSeconds} s for: {what}");
            await Task.Delay(5);
        }
    }
}
