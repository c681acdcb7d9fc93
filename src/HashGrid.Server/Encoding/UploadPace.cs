using HashGrid.Server.Errors;

namespace HashGrid.Server.Encoding;

/// <summary>
/// How slowly the pieces of one announced image may come: none for longer than <see cref="ServerOptions.UploadStallTimeout"/>, and all together, after as
/// long a start, at <see cref="ServerOptions.MinUploadRate"/> on average. What is announced holds its whole room, so that who sends a byte now and then would
/// hold it for ever.
/// </summary>
/// <param name="stall">How long one piece may take.</param>
/// <param name="bytesPerSecond">The least rate; 0: none.</param>
/// <param name="time">The clock; the pace is counted from here on.</param>
public sealed class UploadPace(TimeSpan stall, long bytesPerSecond, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>How long the next piece may take; zero or less when it is too late for it already.</summary>
    /// <param name="arrived">Bytes so far.</param>
    public TimeSpan Allowed(ulong arrived)
    {
        if (bytesPerSecond == 0) return stall;
        TimeSpan left = stall + TimeSpan.FromSeconds(arrived / (double)bytesPerSecond) - time.GetElapsedTime(_start);
        return left < stall ? left : stall;
    }

    /// <summary>The failure of an image whose next piece did not come in time.</summary>
    /// <param name="arrived">Bytes so far.</param>
    /// <param name="announced">Bytes that were announced.</param>
    public ServiceException Late(ulong arrived, ulong announced) => new(ErrorReason.UploadStalled,
        $"{arrived} of the announced {announced} bytes of an image came in {time.GetElapsedTime(_start).TotalSeconds:0.#} s, but no chunk may take longer than {stall.TotalSeconds:0.#} s"
        + (bytesPerSecond == 0 ? "" : $", and after that time {bytesPerSecond} bytes/s on average are needed")
        + "; open the stream again and send the image faster, or to a server with a lower MinUploadRate");
}
