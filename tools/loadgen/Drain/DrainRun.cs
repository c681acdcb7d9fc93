using System.Diagnostics;
using HashGrid.Client;
using HashGrid.LoadGen.Crash;

namespace HashGrid.LoadGen.Drain;

/// <summary>Sends SIGTERM to a real server under load, and compares what each stream was told with where the next server says it stands.</summary>
internal sealed class DrainRun(string program, string data, LoadOptions options)
{
    // The drain itself may take 2.5 s by default; beyond this it is not an orderly stop.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public async Task<DrainReport> RunAsync(CancellationToken ct)
    {
        string address = "unix:" + Path.Combine(data, "drain.socket");
        List<string> violations = [];
        CrashServer server = CrashServer.Launch(program, data, address);
        try
        {
            await server.ListeningAsync(ct);
            DrainStream[] streams;
            double seconds;
            await using (var client = new HashGridClient(address))
            {
                var source = new CodeSource((await client.DescribeAsync(ct)).Bits, options.Seed, options.ImageFolder, options.PictureSide);
                streams = [.. Enumerable.Range(0, options.Streams).Select(number => new DrainStream(client.Channel, source, $"drain-{options.Seed}-{number}", (long)number << 32))];
                Task[] sending = [.. streams.Select(stream => stream.RunAsync())];
                await Task.Delay(TimeSpan.FromSeconds(options.Seconds), ct);
                long start = Stopwatch.GetTimestamp();
                int code = await server.TerminateAsync(ct);
                seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                await Task.WhenAll(sending);
                if (code != 0)
                    violations.Add($"the server ended with {code}");
            }
            if (seconds > Limit.TotalSeconds)
                violations.Add(FormattableString.Invariant($"the server needed {seconds:F2} s to end, more than {Limit.TotalSeconds} s"));
            foreach (DrainStream stream in streams)
            {
                if (!stream.ToldToDrain || !stream.ToldItsSequence || !stream.EndedInOrder)
                    violations.Add($"stream {stream.StreamId}: {(stream.ToldToDrain ? "told" : "not told")} to drain, {(stream.ToldItsSequence ? "told" : "not told")} its sequence after that, call ended {(stream.EndedInOrder ? "in order" : "with an error")}");
            }
            await CompareAsync(streams, violations, address, ct);
            return new DrainReport(streams.Length, seconds, streams.Aggregate(0ul, (sum, stream) => sum + stream.Acknowledged), violations);
        }
        finally
        {
            await server.KillAsync();
            server.Dispose();
        }
    }

    private async Task CompareAsync(DrainStream[] streams, List<string> violations, string address, CancellationToken ct)
    {
        using CrashServer next = CrashServer.Launch(program, data, address);
        await next.ListeningAsync(ct);
        await using var client = new HashGridClient(address);
        ulong held = 0;
        foreach (DrainStream stream in streams)
        {
            ulong resume = await new DrainStream(client.Channel, new CodeSource(64, 0, null, 0), stream.StreamId, 0).ResumeAfterAsync(ct);
            held += resume;
            if (resume != stream.Acknowledged)
                violations.Add($"stream {stream.StreamId} was told {stream.Acknowledged}, but the store stands at {resume}");
        }
        ulong codes = (await client.StatsAsync(ct)).Codes;
        if (codes != held)
            violations.Add($"the store holds {codes} codes, but its streams stand at {held} in all");
        await next.KillAsync();
    }
}
