using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using HashGrid.Client;
using HashGrid.CommandLine.Demo;
using HashGrid.CommandLine.Output;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid demo: the whole path once, on real X-rays, through a real server.</summary>
internal sealed class DemoCommand : ToolCommand
{
    private const int Nearest = 5;
    private const int MostRows = 8;

    private readonly Option<string> _out = new("--out") { DefaultValueFactory = _ => ".", HelpName = "DIR", Description = "Where to write retrieval.png" };
    private readonly Option<string?> _samples = new("--samples") { HelpName = "DIR", Description = "Images with labels.csv (file, labels, patient_id, role: database or query); default: the checkout's samples" };

    public DemoCommand()
        : base(
            "demo",
            "Start a server in a fresh folder, store sample chest X-rays, search with X-rays of other patients, draw the answers, stop.",
            "hashgrid demo",
            "hashgrid demo --out /tmp")
    {
        Add(_out);
        Add(_samples);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        List<Sample> samples = Samples.Read(parsed.GetValue(_samples) ?? Samples.Find());
        Sample[] stored = [.. samples.Where(sample => !sample.IsQuery)];
        Sample[] queries = [.. samples.Where(sample => sample.IsQuery)];
        string folder = parsed.GetRequiredValue(_out);
        Directory.CreateDirectory(folder);
        DirectoryInfo data = Directory.CreateTempSubdirectory("hashgrid-demo-");
        try
        {
            long start = Stopwatch.GetTimestamp();
            await using ServerProcess server = await ServerProcess.StartAsync(data.FullName, TimeSpan.FromMinutes(2), ct);
            await using var client = new HashGridClient(server.Address);
            ModelInfo model = await client.DescribeAsync(ct);
            Say($"The server is ready on {server.Address} after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s: {model.Name}, {model.Bits} bits, on {model.Device}.");

            ulong sequence = await StoreAsync(client, stored, ct);
            Retrieval[] retrievals = await SearchAsync(client, queries, sequence, ct);
            RetrievalTable.Print(retrievals);
            double precision = Retrieval.Precision(retrievals), random = Retrieval.RandomPrecision(retrievals, stored);
            Say($"{precision:P0} of the {Nearest} nearest share a label with their query; in random order {random:P0} would.");

            string picture = Path.GetFullPath(Path.Combine(folder, "retrieval.png"));
            string subtitle = string.Create(CultureInfo.InvariantCulture,
                $"{model.Name}, {model.Bits}-bit codes; {stored.Length} images in the store; {precision:P0} of the nearest share a label, {random:P0} in random order");
            new RetrievalSheet(stored.ToDictionary(sample => sample.Name)).Write(picture, [.. retrievals.Take(MostRows)], subtitle);
            Say($"The same as a picture: {picture}");

            int code = await server.StopAsync(TimeSpan.FromSeconds(20), ct);
            if (code != 0)
                throw new CommandException($"the server ended with exit code {code} after SIGTERM, but 0 was expected");
            return 0;
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task<ulong> StoreAsync(HashGridClient client, Sample[] stored, CancellationToken ct)
    {
        long start = Stopwatch.GetTimestamp();
        await using IngestStream stream = await client.OpenIngestAsync(cancellationToken: ct);
        var refused = new List<(string File, ItemFailure Failure)>();
        await Progress.RunAsync("Storing X-rays", stored.Length, async tick =>
        {
            Task sending = SendAsync(stream, stored, ct);
            await foreach (IngestResult result in stream.ReadResultsAsync(ct))
            {
                if (result.Failure is { } failure)
                    refused.Add((stored[(int)result.Sequence - 1].Name, failure));
                tick();
            }
            await sending;
        });
        Refusals.Complain(refused);
        int acknowledged = (int)stream.Acknowledged;
        if (acknowledged != stored.Length || refused.Count > 0)
            throw new CommandException($"{acknowledged} of {stored.Length} images were acknowledged and {refused.Count} refused, but all should be stored");
        Say($"{stored.Length} X-rays are stored: every one acknowledged as on disk after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s.");
        return stream.StoreSequence;
    }

    private static async Task SendAsync(IngestStream stream, Sample[] stored, CancellationToken ct)
    {
        foreach (Sample sample in stored)
        {
            byte[] file = await File.ReadAllBytesAsync(sample.Path, ct);
            await stream.SendAsync(IngestItem.FromImage(ContentId.Of(file), file) with { Name = sample.Name, Labels = sample.Labels }, ct);
        }
        await stream.CompleteAsync(ct);
    }

    private static async Task<Retrieval[]> SearchAsync(HashGridClient client, Sample[] queries, ulong sequence, CancellationToken ct)
    {
        long start = Stopwatch.GetTimestamp();
        var options = new QueryOptions { AtLeastSequence = sequence };
        var retrievals = new Retrieval[queries.Length];
        await foreach (SearchStreamResult result in client.SearchStreamAsync(RequestsAsync(queries, options, ct), ct))
        {
            Sample query = queries[result.Tag];
            SearchAnswer answer = result.Answer ?? throw new CommandException($"the search with {query.Name} failed: {result.Failure!.Message}");
            retrievals[result.Tag] = new Retrieval(query, answer.Matches);
        }
        Say($"{queries.Length} searches with X-rays of patients that the store has not seen took {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s.");
        return retrievals;
    }

    private static async IAsyncEnumerable<SearchRequest> RequestsAsync(
        Sample[] queries, QueryOptions options, [EnumeratorCancellation] CancellationToken ct)
    {
        for (int i = 0; i < queries.Length; i++)
            yield return SearchRequest.Nearest((ulong)i, SearchQuery.ByImage(await File.ReadAllBytesAsync(queries[i].Path, ct)), Nearest, options);
    }

    private static void Say(FormattableString line) => Console.Out.WriteLine(FormattableString.Invariant(line));
}
