namespace HashGrid.Server.Telemetry;

/// <summary><c>GET /metrics</c>, and nothing else.</summary>
internal static class MetricsPage
{
    public static Task WriteAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) || context.Request.Path != "/metrics")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync("only GET /metrics is served here; gRPC needs HTTP/2 on the other address\n", context.RequestAborted);
        }
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        return context.Response.WriteAsync(context.RequestServices.GetRequiredService<PrometheusText>().Write(), context.RequestAborted);
    }
}
