namespace HashGrid.Server.Encoding;

/// <summary>One caller's part of the room for announced images: bounded for itself, so that its slow uploads leave room to other callers.</summary>
/// <remarks>Thread-safe. Its streams wait in the order of their announcements, and callers in turns.</remarks>
public sealed class UploadRoom
{
    private readonly AdmissionBudget _uploads;
    private readonly AdmissionShare _share;
    private readonly Func<UploadPace> _pace;

    /// <param name="uploads">Of all callers, in bytes.</param>
    /// <param name="maxBytes">The most that the caller may have announced and not sent.</param>
    /// <param name="pace">How slowly an image may come.</param>
    public UploadRoom(AdmissionBudget uploads, long maxBytes, Func<UploadPace> pace)
    {
        (_uploads, _pace) = (uploads, pace);
        _share = uploads.OpenShare(EncodeLoad.Unbounded with { Bytes = maxBytes }, weight: 1);
    }

    /// <summary>Waits for room for an image.</summary>
    public Task TakeAsync(long bytes, CancellationToken ct) => _uploads.TakeAsync(_share, new EncodeLoad(1, bytes, 0), ct);

    public void Release(long bytes) => _uploads.Release(_share, new EncodeLoad(1, bytes, 0));

    /// <summary>Starts the clock of an image that has its room.</summary>
    public UploadPace StartPace() => _pace();
}
