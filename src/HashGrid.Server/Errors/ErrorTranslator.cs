using Grpc.Core;
using HashGrid.Model.Imaging;
using HashGrid.Server.Storage;

namespace HashGrid.Server.Errors;

/// <summary>Turns exceptions into failures: the only place that decides whose fault an exception is.</summary>
public static class ErrorTranslator
{
    /// <summary>The failure of an exception; a reason of <see cref="ErrorReason.Internal"/> means that nobody foresaw it: log it.</summary>
    /// <param name="exception">What was caught.</param>
    /// <param name="callEnded">The call's own token is cancelled: whatever broke then, broke because the caller left.</param>
    /// <param name="deadlinePassed">The call's deadline is behind us.</param>
    public static Failure Translate(Exception exception, bool callEnded = false, bool deadlinePassed = false) => exception switch
    {
        ServiceException service => new Failure(service.Reason, service.Message),
        ImageFormatException image => new Failure(Of(image.Reason), image.Message),
        CodeStoreException store => new Failure(Of(store.Reason), store.Message),
        OperationCanceledException or IOException or InvalidOperationException when deadlinePassed =>
            new Failure(ErrorReason.DeadlineExceeded, "the deadline of the call passed; allow more time or send less at once"),
        OperationCanceledException => new Failure(ErrorReason.Cancelled, "the call was cancelled"),
        // Reading or writing a stream whose client has gone throws these two.
        IOException or InvalidOperationException when callEnded => new Failure(ErrorReason.Cancelled, "the client's connection ended"),
        RpcException { StatusCode: StatusCode.Cancelled } => new Failure(ErrorReason.Cancelled, "the call was cancelled"),
        _ => new Failure(ErrorReason.Internal, "the server has a bug; its log holds the details"),
    };

    public static ErrorReason Of(ImageProblem problem) => problem switch
    {
        ImageProblem.Empty => ErrorReason.ImageEmpty,
        ImageProblem.NotAnImage => ErrorReason.ImageNotAnImage,
        ImageProblem.Unsupported => ErrorReason.ImageUnsupported,
        ImageProblem.Truncated => ErrorReason.ImageTruncated,
        ImageProblem.TooManyBytes => ErrorReason.ImageTooManyBytes,
        ImageProblem.TooManyPixels => ErrorReason.ImageTooManyPixels,
        _ => ErrorReason.ImageUnsupported,
    };

    public static ErrorReason Of(CodeStoreProblem problem) => problem switch
    {
        CodeStoreProblem.WrongModel or CodeStoreProblem.WrongWidth => ErrorReason.StoreUnusable,
        CodeStoreProblem.InUse or CodeStoreProblem.NewerFormat or CodeStoreProblem.NotWritable or CodeStoreProblem.NotFound => ErrorReason.StoreUnusable,
        CodeStoreProblem.OtherHistory => ErrorReason.BackupOtherHistory,
        CodeStoreProblem.Damaged => ErrorReason.StoreDamaged,
        CodeStoreProblem.DiskFull => ErrorReason.StoreDiskFull,
        CodeStoreProblem.Closed => ErrorReason.ServerDraining,
        _ => ErrorReason.StoreReadOnly,
    };
}
