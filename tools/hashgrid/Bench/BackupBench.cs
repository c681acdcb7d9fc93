using System.Diagnostics;
using System.Text.Json.Nodes;
using HashGrid.Client;
using HashGrid.CommandLine.Commands;
using HashGrid.CommandLine.Demo;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;

namespace HashGrid.CommandLine.Bench;

/// <summary>A server whose store is copied: how fast, and what ingest feels of it, alone and beside one backup after the other, in turns.</summary>
/// <param name="folder">Where store and copies lie.</param>
/// <param name="weights">The weights; no image is encoded.</param>
/// <param name="codes">Codes in the store at the start, each with a name of 64 characters.</param>
/// <param name="seconds">Time for each of the four measurements.</param>
internal sealed class BackupBench(string folder, string weights, int codes, double seconds)
{
    private const int Streams = 4, Copies = 3, Turns = 5;

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2), StopLimit = TimeSpan.FromSeconds(30);

    private int _bits;
    private int _copy;
    private long _lastId;

    public async Task<JsonObject> RunAsync(CancellationToken ct)
    {
        await using ServerProcess server = await ServerProcess.StartAsync(Path.Combine(folder, "data"), StartLimit, ct, "--listen", $"unix:{Path.Combine(folder, "s")}", "--model", weights);
        await using var client = new HashGridClient(server.Address);
        _bits = (await client.DescribeAsync(ct)).Bits;
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => Task.Run(() => StoreAsync(client, () => Volatile.Read(ref _lastId) < codes, ct), ct)));

        double copyRate = 0, serverMs = double.PositiveInfinity;
        long journalBytes = 0;
        for (int i = 0; i < Copies; i++)
        {
            TimeSpan used = server.ProcessorTime;
            long began = Stopwatch.GetTimestamp();
            BackupReport report = await CopyAsync(client, ct);
            double megabytes = report.CopiedBytes / 1e6;
            journalBytes = report.JournalBytes;
            copyRate = Math.Max(copyRate, megabytes / Stopwatch.GetElapsedTime(began).TotalSeconds);
            serverMs = Math.Min(serverMs, (server.ProcessorTime - used).TotalMilliseconds / megabytes);
        }

        double[] stored = new double[2];
        List<double>[] acknowledged = [[], []];
        var stretch = TimeSpan.FromSeconds(seconds / Turns);
        double copied = 0;
        for (int turn = 0; turn < Turns; turn++)
        {
            for (int beside = 0; beside < 2; beside++)
            {
                using var copying = CancellationTokenSource.CreateLinkedTokenSource(ct);
                Task<long> copies = beside == 0 ? Task.FromResult(0L) : CopyOnAsync(client, copying.Token);
                long began = Stopwatch.GetTimestamp(), before = _lastId;
                bool Goes() => Stopwatch.GetElapsedTime(began) < stretch;
                await Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => Task.Run(() => StoreAsync(client, Goes, ct), ct)));
                stored[beside] += (_lastId - before) / Stopwatch.GetElapsedTime(began).TotalSeconds / Turns;
                began = Stopwatch.GetTimestamp();
                await AskAsync(client, Goes, acknowledged[beside], ct);
                await copying.CancelAsync();
                copied += await copies / 1e6;
            }
        }
        await server.StopAsync(StopLimit, ct);
        return new JsonObject
        {
            ["codes"] = codes,
            ["journal_bytes"] = journalBytes,
            ["copy_megabytes_per_second"] = Math.Round(copyRate, 1),
            ["copy_server_processor_ms_per_megabyte"] = Math.Round(serverMs, 2),
            ["stored_per_second_alone"] = Math.Round(stored[0]),
            ["stored_per_second_beside_backups"] = Math.Round(stored[1]),
            ["acknowledged_ms_p50_alone"] = Quantile(acknowledged[0], 0.5),
            ["acknowledged_ms_p50_beside_backups"] = Quantile(acknowledged[1], 0.5),
            ["acknowledged_ms_p99_alone"] = Quantile(acknowledged[0], 0.99),
            ["acknowledged_ms_p99_beside_backups"] = Quantile(acknowledged[1], 0.99),
            ["copied_megabytes_beside_ingest"] = Math.Round(copied, 1),
        };
    }

    private static double Quantile(List<double> times, double part)
    {
        times.Sort();
        return Math.Round(times[(int)(part * (times.Count - 1))], 3);
    }

    /// <summary>One whole copy into a new folder, deleted again.</summary>
    private async Task<BackupReport> CopyAsync(HashGridClient client, CancellationToken ct)
    {
        string target = Path.Combine(folder, $"copy-{++_copy}");
        try
        {
            return await BackupTransfer.RunAsync(client, new CodeStoreOptions { Directory = target }, null, ct);
        }
        finally
        {
            if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
        }
    }

    /// <summary>Copies until told to stop, on a connection of its own as a backup has.</summary>
    /// <returns>Bytes of the copies that came to their end.</returns>
    private async Task<long> CopyOnAsync(HashGridClient ingesting, CancellationToken ct)
    {
        await using var client = new HashGridClient(ingesting.Address);
        long bytes = 0;
        try
        {
            while (true) bytes += (await Task.Run(() => CopyAsync(client, ct), ct)).CopiedBytes;
        }
        catch (Exception e) when (ct.IsCancellationRequested && e is OperationCanceledException or HashGridException or CommandException)
        {
            return bytes;
        }
    }

    /// <summary>A stream that sends as fast as it may.</summary>
    private async Task StoreAsync(HashGridClient client, Func<bool> goes, CancellationToken ct)
    {
        await foreach (IngestResult result in client.IngestAsync(ItemsAsync(), cancellationToken: ct))
        {
            if (result.Failure is { } failure) throw new CommandException($"the server refused a code: {failure.Message}");
        }

        async IAsyncEnumerable<IngestItem> ItemsAsync()
        {
            while (goes()) yield return Next();
            await Task.CompletedTask;
        }
    }

    /// <summary>A stream that waits for each code's acknowledgement before it sends the next.</summary>
    private async Task AskAsync(HashGridClient client, Func<bool> goes, List<double> milliseconds, CancellationToken ct)
    {
        await using IngestStream stream = await client.OpenIngestAsync(new IngestOptions(), ct);
        await using IAsyncEnumerator<IngestResult> results = stream.ReadResultsAsync(ct).GetAsyncEnumerator(ct);
        while (goes())
        {
            long began = Stopwatch.GetTimestamp();
            await stream.SendAsync(Next(), ct);
            await results.MoveNextAsync();
            milliseconds.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        await stream.CompleteAsync(ct);
    }

    private IngestItem Next()
    {
        ulong id = (ulong)Interlocked.Increment(ref _lastId);
        ulong[] words = new ulong[(_bits + 63) / 64];
        words[0] = id * 0x9E3779B97F4A7C15;
        if (_bits < 64) words[0] >>= 64 - _bits;
        return IngestItem.FromCode(id, new BinaryCode(words, _bits)) with { Name = $"{id:x64}" };
    }
}
