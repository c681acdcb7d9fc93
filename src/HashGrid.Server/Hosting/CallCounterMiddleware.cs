namespace HashGrid.Server.Hosting;

/// <summary>Feeds <see cref="CallCounter"/>: a call ends for it when its trailers have been written, not when its handler returns.</summary>
internal sealed class CallCounterMiddleware(RequestDelegate next, CallCounter calls)
{
    public Task InvokeAsync(HttpContext context)
    {
        calls.Enter();
        context.Response.OnCompleted(static counter =>
        {
            ((CallCounter)counter).Leave();
            return Task.CompletedTask;
        }, calls);
        return next(context);
    }
}
