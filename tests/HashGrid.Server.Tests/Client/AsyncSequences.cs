namespace HashGrid.Server.Tests.Client;

/// <summary>To and from IAsyncEnumerable, under names of their own: two libraries of the test project both define the usual ones.</summary>
internal static class AsyncSequences
{
    public static async IAsyncEnumerable<T> AsStream<T>(this IEnumerable<T> items)
    {
        foreach (T item in items)
        {
            await Task.Yield();
            yield return item;
        }
    }

    public static async Task<List<T>> CollectAsync<T>(this IAsyncEnumerable<T> items)
    {
        List<T> list = [];
        await foreach (T item in items)
            list.Add(item);
        return list;
    }
}
