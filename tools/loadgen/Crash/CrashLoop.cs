using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using HashGrid.Client;

namespace HashGrid.LoadGen.Crash;

/// <summary>Kills a real server with SIGKILL again and again in the middle of its work, and compares what it holds with what was acknowledged.</summary>
/// <remarks>
/// The record of acknowledgements lives in this process. Streams stay open over every kill and resume by themselves, so that after each
/// round the content of the store is known exactly: nothing lost, nothing twice, nothing back, nothing that nobody sent.
/// </remarks>
internal sealed class CrashLoop(string program, string data, int rounds, int streams, int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<double> _starts = [];

    /// <summary>Runs every round, or up to the first violation.</summary>
    public async Task<CrashReport> RunAsync(Action<string> progress, CancellationToken ct)
    {
        string address = "unix:" + Path.Combine(data, "crash.socket");
        var options = new HashGridClientOptions { ReconnectTimeout = TimeSpan.FromMinutes(10), MaxReconnectDelay = TimeSpan.FromMilliseconds(200) };
        await using var client = new HashGridClient(address, options);
        CrashServer? server = null;
        int early = 0, done = 0;
        List<string> violations = [];
        try
        {
            server = await StartAsync(address, ct);
            int bits = (await client.DescribeAsync(ct)).Bits;
            CrashWorker[] workers = await Task.WhenAll(Enumerable.Range(0, streams).Select(number => CrashWorker.OpenAsync(client, bits, number, seed, ct)));
            while (done < rounds && violations.Count == 0)
            {
                using var pause = CancellationTokenSource.CreateLinkedTokenSource(ct);
                Task[] working = [.. workers.Select(worker => worker.WorkAsync(pause.Token, ct))];
                await Task.Delay(_random.Next(100, 1200), ct);
                await server.KillAsync();
                server.Dispose();
                await pause.CancelAsync();
                if (await CrashServer.FsckAsync(program, data) is { } damage)
                    violations.Add(damage);
                // A server that dies while it recovers must not make things worse.
                while (_random.Next(4) == 0)
                {
                    using CrashServer unlucky = CrashServer.Launch(program, data, address);
                    await Task.Delay(_random.Next(50, 1000), ct);
                    await unlucky.KillAsync();
                    early++;
                }
                server = await StartAsync(address, ct);
                await Task.WhenAll(working);
                await Task.WhenAll(workers.Select(worker => worker.DrainAsync(ct)));
                done++;
                foreach (CrashWorker worker in workers)
                    violations.AddRange(await worker.VerifyAsync(all: done == rounds, ct));
                long expected = workers.Sum(worker => (long)worker.Ids), held = (long)(await client.StatsAsync(ct)).Codes;
                if (held != expected)
                    violations.Add(string.Create(CultureInfo.InvariantCulture, $"the store holds {held} codes, but {expected} were acknowledged and not removed"));
                progress(string.Create(CultureInfo.InvariantCulture, $"round {done} of {rounds}: {workers.Sum(worker => worker.Acknowledged)} acknowledged, {held} codes held, {violations.Count} violations"));
            }
            return new CrashReport(done, early, workers.Sum(worker => worker.Acknowledged), workers.Sum(worker => (long)worker.Ids), _starts.Order().ElementAt(_starts.Count / 2), violations);
        }
        catch (Exception failure) when (failure is HashGridException or RpcException or IOException or InvalidOperationException or TimeoutException)
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"after {done} of {rounds} rounds: {Describe(failure)}"), failure);
        }
        finally
        {
            if (server is not null)
            {
                await server.KillAsync();
                server.Dispose();
            }
        }
    }

    // A call that a kill cut off may carry no words at all, but it always has a status.
    private static string Describe(Exception failure) => failure switch
    {
        HashGridException refused => $"{refused.Status} {refused.Reason}: {refused.Message}",
        RpcException call => $"{call.StatusCode}: {call.Status.Detail}",
        _ => $"{failure.GetType().Name}: {failure.Message}",
    };

    private async Task<CrashServer> StartAsync(string address, CancellationToken ct)
    {
        long started = Stopwatch.GetTimestamp();
        CrashServer server = CrashServer.Launch(program, data, address);
        await server.ListeningAsync(ct);
        _starts.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        return server;
    }
}
