using Microsoft.AspNetCore.Http.Features;

namespace HashGrid.Server.Errors;

/// <summary>
/// Names the limit when a unary request is too large: gRPC refuses such a message before any interceptor runs, with words that leave the
/// limit out.
/// </summary>
internal sealed class MessageLimitMiddleware(RequestDelegate next, ServerOptions options)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        IHeaderDictionary? trailers = context.Response.HasStarted ? context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers : context.Response.Headers;
        if (trailers is null || trailers.IsReadOnly || !trailers.TryGetValue(GrpcTrailers.Message, out Microsoft.Extensions.Primitives.StringValues message)) return;
        if (Uri.UnescapeDataString(message.ToString()) == ErrorInterceptor.MessageTooLargeDetail) GrpcTrailers.Set(trailers, ErrorInterceptor.MessageTooLarge(options));
    }
}
