using System.Buffers.Binary;
using System.Text.Json.Nodes;
using HashGrid.Client;
using HashGrid.CommandLine.Demo;

namespace HashGrid.CommandLine.Bench;

/// <summary>Images stored through a server that links duplicates: files that are new to it, and files that it holds, in turns.</summary>
/// <param name="weights">The weights.</param>
/// <param name="files">Contents of image files.</param>
/// <param name="seconds">Time for one measurement.</param>
internal sealed class DuplicateBench(string weights, byte[][] files, double seconds)
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2), StopLimit = TimeSpan.FromSeconds(30);

    private ulong _lastId;
    private ulong _files;

    public async Task<JsonObject> RunAsync(CancellationToken ct)
    {
        string folder = Directory.CreateTempSubdirectory("hashgrid-bench-").FullName;
        try
        {
            await using ServerProcess server = await ServerProcess.StartAsync(Path.Combine(folder, "data"), StartLimit, ct,
                "--listen", $"unix:{Path.Combine(folder, "s")}", "--model", weights, "--duplicates", "link");
            await using var client = new HashGridClient(server.Address);
            await StoreAsync(client, files, duplicates: null, ct);
            ulong first = _lastId - (ulong)files.Length + 1;
            var works = new TimedWork[]
            {
                new(files.Length, () => StoreAsync(client, [.. files.Select(Another)], duplicates: null, ct).GetAwaiter().GetResult(), () => server.ProcessorTime),
                new(files.Length, () => StoreAsync(client, files, duplicates: first, ct).GetAwaiter().GetResult(), () => server.ProcessorTime),
            };
            TimedWork.InTurn(works, seconds, ct);
            StoreStats stats = await client.StatsAsync(ct);
            await server.StopAsync(StopLimit, ct);
            return new JsonObject
            {
                ["images"] = files.Length,
                ["bytes_per_image"] = files.Sum(file => file.Length) / files.Length,
                ["new_per_second"] = Math.Round(works[0].Rate, 1),
                ["duplicates_per_second"] = Math.Round(works[1].Rate, 1),
                ["new_processor_ms"] = Math.Round(works[0].ProcessorMilliseconds, 3),
                ["duplicate_processor_ms"] = Math.Round(works[1].ProcessorMilliseconds, 3),
                ["items_linked"] = stats.ItemsLinked,
                ["digest_images"] = stats.DigestImages,
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The same picture as another file: what follows the end of an image is no part of it, but of its content.</summary>
    private byte[] Another(byte[] file)
    {
        byte[] other = [.. file, .. stackalloc byte[sizeof(ulong)]];
        BinaryPrimitives.WriteUInt64LittleEndian(other.AsSpan(file.Length), ++_files);
        return other;
    }

    private async Task StoreAsync(HashGridClient client, byte[][] images, ulong? duplicates, CancellationToken ct)
    {
        int stored = 0;
        await foreach (IngestResult result in client.IngestAsync(ItemsAsync(), cancellationToken: ct))
        {
            if (result.Failure is { } failure) throw new CommandException($"the server refused an image: {failure.Message}");
            ulong? holder = duplicates + (ulong)stored;
            if (result.DuplicateOf != holder) throw new CommandException($"image {result.Sequence} was linked to id {result.DuplicateOf}, but {holder} is right");
            stored++;
        }
        if (stored != images.Length) throw new CommandException($"the server stored {stored} of {images.Length} images");

        async IAsyncEnumerable<IngestItem> ItemsAsync()
        {
            foreach (byte[] image in images) yield return IngestItem.FromImage(++_lastId, image);
            await Task.CompletedTask;
        }
    }
}
