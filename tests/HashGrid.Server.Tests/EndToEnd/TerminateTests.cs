using System.Diagnostics;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Hosting;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.EndToEnd;

/// <summary>SIGTERM to a real server with all kinds of streams open, one of which nobody reads.</summary>
[Category("EndToEnd")]
public sealed class TerminateTests
{
    // The machine may be busy with others; the server's own deadline is what the rest is.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(20);

    [Test]
    public async Task Terminate_WithStreamsOpen_TellsEachItsDurableSequenceAndLeavesByItsDeadline()
    {
        using TempFolder folder = new();
        string[] options = ["--model", TinyModel.Write(folder.Path), "--log-format", "json", "--log-level", "Information"];
        ulong[] acknowledged = new ulong[3];
        string log;
        await using (ServerProcess server = await ServerProcess.StartAsync(folder.Path, options))
        {
            IngestCall[] calls = [.. acknowledged.Select(_ => new IngestCall(server.Channel))];
            for (int i = 0; i < calls.Length; i++)
            {
                await calls[i].OpenAsync($"stream {i}");
                for (ulong n = 1; n <= 20; n++) await calls[i].SendImageAsync(n, (ulong)(i * 100) + n, TestImages.Png((int)n));   // some of them are still under way
            }
            await calls[0].AcknowledgedAsync(20);
            using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> encode = new Encoder.EncoderClient(server.Channel).Encode();
            await encode.RequestStream.WriteAsync(new EncodeRequest { Tag = 1, Image = ByteString.CopyFrom(TestImages.Png(1)) }).Soon();
            using AsyncDuplexStreamingCall<SearchRequest, SearchReply> unread = new Search.SearchClient(server.Channel).SearchStream();
            for (int i = 0; i < 1000; i++) await unread.RequestStream.WriteAsync(new SearchRequest { Nearest = new NearestRequest { Query = new Query { Id = 1 }, K = 10 } }).Soon();

            long start = Stopwatch.GetTimestamp();
            Task<int> exit = server.TerminateAsync();
            await Task.WhenAll(calls.Select(call => call.EndAsync()));
            Assert.That(await exit, Is.Zero);
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(StopTimes.All(new ServerOptions()) + Slack));
            for (int i = 0; i < calls.Length; i++)
            {
                Assert.That((calls[i].Drained, calls[i].Replies[^1].MessageCase), Is.EqualTo((true, IngestReply.MessageOneofCase.Ack)), $"stream {i}: the last word is its durable sequence");
                acknowledged[i] = calls[i].Acknowledged;
                calls[i].Dispose();
            }
            log = await server.ReadLogAsync();
        }
        // One JSON object a line, with the numbers of the events.
        int[] events = [.. log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("EventId").GetInt32())];
        Assert.That(events, Is.SupersetOf(new[] { 100, 101, 102, 103 }), log);

        await using ServerProcess again = await ServerProcess.StartAsync(folder.Path, options);
        for (int i = 0; i < acknowledged.Length; i++)
        {
            using IngestCall call = new(again.Channel);
            Assert.That((await call.OpenAsync($"stream {i}", acknowledged[i])).ResumeAfter, Is.EqualTo(acknowledged[i]), $"stream {i}");
        }
        Assert.That(acknowledged[0], Is.EqualTo(20));
    }
}
