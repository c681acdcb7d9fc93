namespace HashGrid.Server.Encoding;

/// <summary>Places for the images that one caller has in flight: taken before an image is queued, given back when the encoder is done with it.</summary>
/// <remarks>Thread-safe. A stream has a room of its own among its caller's places, so that the caller's streams come in by turns.</remarks>
public sealed class ImageRoom
{
    private static readonly EncodeLoad One = new(1, 0, 0);

    private readonly AdmissionBudget _places;
    private readonly AdmissionShare _share;

    private ImageRoom(AdmissionBudget places, AdmissionShare share) => (_places, _share) = (places, share);

    /// <summary>Images of the caller in flight.</summary>
    public int Held => _places.Items;

    /// <summary>The most that it may have.</summary>
    public int Limit => _places.Limit.Items;

    /// <summary>The most that its streams may have together: an eighth is for calls, which cannot wait.</summary>
    public int LimitOfStreams => Limit - Limit / 8;

    /// <param name="limit">Images that the caller may have in flight.</param>
    /// <returns>The room of its single calls.</returns>
    public static ImageRoom Open(int limit)
    {
        var places = new AdmissionBudget(EncodeLoad.Unbounded with { Items = limit }, reserve: One with { Items = limit / 8 });
        return new ImageRoom(places, places.Common);
    }

    /// <summary>A room for one of the caller's streams.</summary>
    public ImageRoom OpenStream() => new(_places, _places.OpenShare(_places.Limit, weight: 1));

    /// <summary>Takes a place at once, or none.</summary>
    public bool TryTake() => _places.TryTake(_share, One);

    /// <summary>Takes a place, waiting for it if need be.</summary>
    public Task TakeAsync(CancellationToken ct) => _places.TakeAsync(_share, One, ct);

    public void Release() => _places.Release(_share, One);
}
