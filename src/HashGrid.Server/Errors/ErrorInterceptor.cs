using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Errors;

/// <summary>The edge: every exception of every call becomes a status of the table here; bugs are logged here, once.</summary>
internal sealed class ErrorInterceptor(ILogger<ErrorInterceptor> logger, ServerMetrics metrics, ServerOptions options) : Interceptor
{
    // What grpc-dotnet says when a message is above MaxReceiveMessageSize; it does not say the limit.
    internal const string MessageTooLargeDetail = "Received message exceeds the maximum configured message size.";

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Activity? span = Tracing.StartCall(context.Method, context.GetHttpContext().Request.Headers);
        try
        {
            TResponse response = await continuation(request, context);
            End(context, span);
            ReplyTimer.Start(context.GetHttpContext(), metrics, context.Method);
            return response;
        }
        catch (Exception failure)
        {
            throw Translate(failure, context, span);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Activity? span = Tracing.StartCall(context.Method, context.GetHttpContext().Request.Headers);
        try
        {
            await continuation(request, responseStream, context);
            End(context, span);
        }
        catch (Exception failure)
        {
            throw Translate(failure, context, span);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Activity? span = Tracing.StartCall(context.Method, context.GetHttpContext().Request.Headers);
        try
        {
            await continuation(requestStream, responseStream, context);
            End(context, span);
        }
        catch (Exception failure)
        {
            throw Translate(failure, context, span);
        }
    }

    internal static Failure MessageTooLarge(ServerOptions options) => new(ErrorReason.MessageTooLarge,
        $"a message is larger than this server's limit of {options.MaxMessageBytes} bytes; send large images in chunks of at most 64 KiB");

    private void End(ServerCallContext context, Activity? span)
    {
        metrics.CallEnded(context.Method, reason: null);
        Tracing.EndCall(span, failure: null);
    }

    private RpcException Translate(Exception exception, ServerCallContext context, Activity? span)
    {
        Failure failure = exception is RpcException { Status.Detail: MessageTooLargeDetail }
            ? MessageTooLarge(options)
            : ErrorTranslator.Translate(exception, context.CancellationToken.IsCancellationRequested, context.Deadline <= DateTime.UtcNow);
        metrics.CallEnded(context.Method, failure.Entry.Reason);
        Tracing.EndCall(span, failure.Entry);
        if (failure.Entry.Reason == ErrorReason.Internal) logger.Bug(context.Method, exception);
        else logger.CallFailed(context.Method, failure.Entry.Name);
        return failure.ToRpcException();
    }
}
