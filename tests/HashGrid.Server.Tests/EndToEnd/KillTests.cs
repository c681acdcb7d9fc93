using Grpc.Core;
using HashGrid.Model;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.EndToEnd;

[Category("EndToEnd")]
public sealed class KillTests
{
    private const int Rounds = 3;   // each sample under three ids, so that equal codes tie

    [TestCase("store")]
    [TestCase("link")]
    public async Task Kill_InMidStream_KeepsEveryAcknowledgedCodeAndAnswersAsBefore(string duplicates)
    {
        using TempFolder folder = new();
        // The model that ships, where it is beside the tests; else the same network, small and random.
        string[] model = ModelFiles.FindDefault() is { } shipped ? ["--model", shipped] : ["--model", TinyModel.Write(folder.Path)];
        model = [.. model, "--duplicates", duplicates];
        byte[][] images = [.. Repository.Samples.Select(File.ReadAllBytes)];
        ulong count = (ulong)(images.Length * Rounds), acknowledged, resumed;
        Assert.That(images, Has.Length.GreaterThan(20));

        await using (ServerProcess server = await ServerProcess.StartAsync(folder.Path, model))
        {
            using IngestCall call = new(server.Channel);
            await call.OpenAsync("camera");
            using CancellationTokenSource dead = new();
            Task sending = SendAsync(call, images, 1, count, dead.Token);
            await call.AcknowledgedAsync((ulong)images.Length / 2);
            await server.KillAsync();
            // Acknowledgements that were on their way count, too.
            try
            {
                await call.EndAsync();
            }
            catch (RpcException)
            {
                // The connection is gone.
            }
            acknowledged = call.Acknowledged;
            Assert.That(acknowledged, Is.LessThan(count), "the kill must come in mid-stream");
            await dead.CancelAsync();
            Assert.That(() => sending.Soon(), Throws.InstanceOf<Exception>().And.Not.InstanceOf<TimeoutException>());
        }

        Dictionary<ulong, SearchReply> answers;
        await using (ServerProcess server = await ServerProcess.StartAsync(folder.Path, model))
        {
            for (ulong id = 1; id <= acknowledged; id++)
            {
                StoredCode stored = await GetAsync(server, id);
                Assert.That(stored.Labels, Is.EqualTo(new[] { $"label {id % 5}" }));
            }
            using IngestCall call = new(server.Channel);
            resumed = (await call.OpenAsync("camera", acknowledged)).ResumeAfter;
            Assert.That(resumed, Is.GreaterThanOrEqualTo(acknowledged));
            await Task.WhenAll(SendAsync(call, images, resumed + 1, count, CancellationToken.None), call.AcknowledgedAsync(count));
            Assert.That(call.Errors, Is.Empty);
            // Which the server decided before the kill and after it: the first round holds every image.
            ulong[] told = [.. Enumerable.Range((int)Math.Max(acknowledged, (ulong)images.Length) + 1, (int)count).Select(id => (ulong)id).TakeWhile(id => id <= count)];
            Assert.That(call.Duplicates.OrderBy(link => link.Key), Is.EqualTo(duplicates == "link" ? told.Select(id => KeyValuePair.Create(id, HolderOf(id, images.Length))) : []));
            answers = await AnswersAsync(server, call.StoreSequence, count);
            await server.KillAsync();
        }

        await using (ServerProcess server = await ServerProcess.StartAsync(folder.Path, model))
        {
            Dictionary<ulong, SearchReply> again = await AnswersAsync(server, 0, count);
            foreach ((ulong id, SearchReply answer) in answers) Assert.That(again[id].Neighbors, Is.EqualTo(answer.Neighbors), $"nearest to id {id}");
            ulong[] codes = [.. await Task.WhenAll(Enumerable.Range(1, (int)count).Select(async id => (await GetAsync(server, (ulong)id)).Code.Word()))];
            Assert.That(answers.Values.Select(answer => answer.Neighbors.Select(neighbor => (neighbor.Id, neighbor.Distance))), Is.EqualTo(answers.Keys.Select(id => Brute(codes, id))));
            for (ulong id = 1; id <= count; id++)
            {
                StoredCode stored = await GetAsync(server, id);
                Assert.That(stored.HasDuplicateOf ? stored.DuplicateOf : 0, Is.EqualTo(duplicates == "link" && id > (ulong)images.Length ? HolderOf(id, images.Length) : 0), $"link of id {id}");
            }
            Assert.That(await server.TerminateAsync(), Is.Zero);
        }
    }

    private static ulong HolderOf(ulong id, int images) => (id - 1) % (ulong)images + 1;

    private static async Task SendAsync(IngestCall call, byte[][] images, ulong first, ulong last, CancellationToken ct)
    {
        for (ulong sequence = first; sequence <= last; sequence++)
        {
            // Credits arrive in the loop that reads.
            while (call.Credits < sequence - first + 1) await Task.Delay(2, ct);
            await call.SendImageAsync(sequence, sequence, images[(sequence - 1) % (ulong)images.Length], [$"label {sequence % 5}"]);
        }
    }

    private static async Task<Dictionary<ulong, SearchReply>> AnswersAsync(ServerProcess server, ulong atLeast, ulong count)
    {
        Search.SearchClient client = new(server.Channel);
        Dictionary<ulong, SearchReply> answers = [];
        for (ulong id = 1; id <= count; id += 7)
            answers[id] = await client.NearestAsync(new NearestRequest { Query = new Query { Id = id }, K = 10, AtLeastSequence = atLeast }).ResponseAsync.Soon();
        return answers;
    }

    private static Task<StoredCode> GetAsync(ServerProcess server, ulong id) => new Store.StoreClient(server.Channel).GetAsync(new GetRequest { Id = id }).ResponseAsync.Soon();

    private static IEnumerable<(ulong Id, uint Distance)> Brute(ulong[] codes, ulong id) => codes
        .Select((code, i) => (Id: (ulong)i + 1, Distance: (uint)ulong.PopCount(code ^ codes[id - 1])))
        .OrderBy(found => found.Distance).ThenBy(found => found.Id).Take(10);
}
