using System.Text.Json.Nodes;
using HashGrid.Client;
using HashGrid.CommandLine.Demo;
using HashGrid.Model;
using HashGrid.Model.Imaging;

namespace HashGrid.CommandLine.Bench;

/// <summary>From image files to codes: the parts alone, both in one process, and the service with a client beside it that keeps one stream full on a Unix socket.</summary>
/// <param name="weights">The weights.</param>
/// <param name="options">Engine and precision.</param>
/// <param name="files">Contents of image files.</param>
/// <param name="seconds">Time for one measurement.</param>
internal sealed class PipelineBench(string weights, HashEncoderOptions options, byte[][] files, double seconds)
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2), StopLimit = TimeSpan.FromSeconds(30);

    public async Task<JsonObject> RunAsync(int threads, CancellationToken ct)
    {
        string folder = Directory.CreateTempSubdirectory("hashgrid-bench-").FullName;
        try
        {
            using HashEncoder together = HashEncoder.Load(weights, options with { Threads = threads });
            HashEncoder[] apart = [.. Enumerable.Range(0, threads).Select(_ => HashEncoder.Load(weights, options with { Threads = 1 }))];
            await using ServerProcess server = await ServerProcess.StartAsync(Path.Combine(folder, "data"), StartLimit, ct,
                "--listen", $"unix:{Path.Combine(folder, "s")}", "--model", weights, "--engine", together.Engine, "--precision", together.Precision, "--threads", $"{threads}");
            await using var client = new HashGridClient(server.Address);
            int side = together.Identity.InputSize, size = side * side;
            float[][] pixels = [.. files.Select(file => Decode(file, side))];
            float[] all = [.. pixels.SelectMany(one => one)];
            var codes = new ulong[files.Length * together.WordsPerCode];
            var stream = new PipelineBenchStream(client, files, ct);
            var works = new TimedWork[]
            {
                new(files.Length, () => Parallel(threads, (_, i) => ImageReader.Decode(files[i], side, pixels[i]))),
                new(files.Length, () => together.Encode(all, files.Length, codes)),
                new(files.Length, () => Parallel(threads, (thread, i) =>
                {
                    ImageReader.Decode(files[i], side, pixels[i]);
                    apart[thread].Encode(pixels[i], 1, codes.AsSpan(i * together.WordsPerCode, together.WordsPerCode));
                })),
                new(files.Length, stream.Take, () => server.ProcessorTime) { Before = stream.Begin, After = stream.End },
            };
            await using (stream) TimedWork.InTurn(works, seconds, ct);
            foreach (HashEncoder encoder in apart) encoder.Dispose();
            await server.StopAsync(StopLimit, ct);
            return new JsonObject
            {
                ["engine"] = together.Engine,
                ["precision"] = together.Precision,
                ["threads"] = threads,
                ["images"] = files.Length,
                ["bytes_per_image"] = files.Sum(file => file.Length) / files.Length,
                ["decode"] = Math.Round(works[0].Rate, 1),
                ["encode"] = Math.Round(works[1].Rate, 1),
                ["decode_and_encode"] = Math.Round(works[2].Rate, 1),
                ["service"] = Math.Round(works[3].Rate, 1),
                ["service_of_encode"] = Math.Round(works[3].Rate / works[1].Rate, 3),
                ["service_of_decode_and_encode"] = Math.Round(works[3].Rate / works[2].Rate, 3),
                ["decode_processor_ms"] = Math.Round(works[0].ProcessorMilliseconds, 2),
                ["encode_processor_ms"] = Math.Round(works[1].ProcessorMilliseconds, 2),
                ["decode_and_encode_processor_ms"] = Math.Round(works[2].ProcessorMilliseconds, 2),
                ["server_processor_ms"] = Math.Round(works[3].ProcessorMilliseconds, 2),
                ["server_efficiency"] = works[2].ProcessorTimes(works[3], 3),
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Parallel(int threads, Action<int, int> work)
    {
        int next = -1;
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(thread => new Thread(() =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < files.Length;) work(thread, i);
        }))];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();
    }

    private static float[] Decode(byte[] file, int side)
    {
        var pixels = new float[side * side];
        ImageReader.Decode(file, side, pixels);
        return pixels;
    }
}
