using System.Buffers.Binary;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace HashGrid.Server.Tests.Support;

/// <summary>Real HTTP/2 on a free port, behind which a test answers each request of a duplex call, in order; for moments that a real server is in too shortly.</summary>
internal sealed class AnsweringServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _calls;

    private AnsweringServer(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <summary>Calls so far.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <param name="path">Of the method, such as /hashgrid.v1.Search/SearchStream.</param>
    /// <param name="parser">Of its requests.</param>
    /// <param name="answer">The reply to a request of the n-th call; null ends the call as a server that stops does.</param>
    public static async Task<AnsweringServer> StartAsync<TRequest>(string path, MessageParser<TRequest> parser, Func<int, TRequest, IMessage?> answer)
        where TRequest : IMessage<TRequest>
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        WebApplication app = builder.Build();
        var server = new AnsweringServer(app);
        app.Run(async context =>
        {
            Assert.That(context.Request.Path.Value, Is.EqualTo(path));
            int call = Interlocked.Increment(ref server._calls);
            context.Response.ContentType = "application/grpc";
            await context.Response.StartAsync(context.RequestAborted);
            string status = "0";
            while (await ReadAsync(context) is { } message)
            {
                if (answer(call, parser.ParseFrom(message)) is not { } reply)
                {
                    status = "14";
                    break;
                }
                byte[] body = reply.ToByteArray(), frame = new byte[5 + body.Length];
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), body.Length);
                body.CopyTo(frame, 5);
                await context.Response.Body.WriteAsync(frame, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
            context.Response.AppendTrailer("grpc-status", status);
        });
        await app.StartAsync().Soon();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync().Soon();
        await _app.DisposeAsync();
    }

    private static async Task<byte[]?> ReadAsync(HttpContext context)
    {
        byte[] head = new byte[5];
        if (await context.Request.Body.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, context.RequestAborted) < head.Length) return null;
        byte[] message = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
        await context.Request.Body.ReadExactlyAsync(message, context.RequestAborted);
        return message;
    }
}
