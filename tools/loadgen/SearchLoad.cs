using HashGrid.Client;

namespace HashGrid.LoadGen;

/// <summary>Searches, each a call of its own, started on schedule however many are under way.</summary>
internal sealed class SearchLoad(HashGridClient client, CodeSource source, LoadOptions options, Measurement first)
{
    /// <summary>Where arrivals count from now on; each is told to the one it arrived under.</summary>
    public Measurement Measurement { get; set; } = first;

    private long _number;
    private int _outstanding;

    /// <summary>Starts one search; returns at once.</summary>
    public void Arrive(long intended, long stored)
    {
        Measurement measurement = Measurement;
        bool counts = measurement.Offer();
        if (Interlocked.Increment(ref _outstanding) > options.MaxOutstanding)
        {
            Interlocked.Decrement(ref _outstanding);
            measurement.Fail(counts, "not sent: --max-outstanding searches were under way");
            return;
        }
        long number = _number++;
        _ = Task.Run(() => SearchAsync(measurement, intended, number, stored, counts));
    }

    /// <summary>Waits until every search has its answer.</summary>
    public async Task DrainAsync()
    {
        while (Volatile.Read(ref _outstanding) > 0)
            await Task.Delay(5);
    }

    private async Task SearchAsync(Measurement measurement, long intended, long number, long stored, bool counts)
    {
        try
        {
            await client.NearestAsync(source.Query(number, stored), options.K);
            measurement.Complete(counts, intended);
        }
        catch (Exception failure)
        {
            measurement.Fail(counts, failure);
        }
        finally
        {
            Interlocked.Decrement(ref _outstanding);
        }
    }
}
