using HashGrid.Server.Encoding;
using HashGrid.Server.Searching;

namespace HashGrid.Server.Security;

/// <summary>One API key, client certificate or address with open calls.</summary>
internal sealed class Caller(string name, int maxImages, SearchCaller searches, UploadRoom uploads)
{
    private int _streams;

    public string Name => name;

    /// <summary>Its images in flight, as single calls take them.</summary>
    public ImageRoom Images { get; } = ImageRoom.Open(maxImages);

    /// <summary>Its place before the search gate.</summary>
    public SearchCaller Searches => searches;

    /// <summary>Its part of the room for announced images.</summary>
    public UploadRoom Uploads => uploads;

    /// <summary>Open calls, streams among them; <see cref="Callers"/> guards it.</summary>
    public int Calls { get; set; }

    /// <summary>Open streams.</summary>
    public int Streams
    {
        get => Volatile.Read(ref _streams);
        set => Volatile.Write(ref _streams, value);   // by Callers alone
    }

    /// <summary>Images that each of its streams may have in flight when all of them want to.</summary>
    public int ImagesOfOneStream => Images.LimitOfStreams / Math.Max(1, Streams);
}
