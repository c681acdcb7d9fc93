using System.Globalization;
using Google.Protobuf;

namespace HashGrid.Server.Errors;

/// <summary>A failure as gRPC writes it into HTTP/2, for the places outside a call's handler.</summary>
internal static class GrpcTrailers
{
    public const string Message = "grpc-message";

    /// <summary>Writes status, message and details into trailers.</summary>
    public static void Set(IHeaderDictionary trailers, Failure failure)
    {
        trailers["grpc-status"] = ((int)failure.Entry.Status).ToString(CultureInfo.InvariantCulture);
        trailers[Message] = Uri.EscapeDataString(failure.Message);
        trailers["grpc-status-details-bin"] = Convert.ToBase64String(failure.ToRpcStatus().ToByteArray());
    }

    /// <summary>Answers a call that never reaches its handler.</summary>
    public static void Refuse(HttpContext context, Failure failure)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/grpc";
        Set(context.Response.Headers, failure);
    }
}
