using Grpc.Core;
using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Storage;

/// <summary>A journal that the disk can not read any more in one place: whoever asks for that is told it is damage, and the rest goes on.</summary>
[Category("Durability")]
public sealed class UnreadableJournalTests : StoreFixture
{
    private const int Groups = 40, GroupSize = 10;
    private const long From = 20_480, To = 24_576;

    private readonly FaultyFiles _files = new("segment");

    [SetUp]
    public void Heal() => _files.Heal();

    [Test]
    public async Task TryGet_RecordInABadSector_IsDamageAndAllOthersAreServed()
    {
        await using CodeStore store = await WriteAsync();
        FailReads();
        List<ulong> refused = [];
        for (ulong id = 0; id < Groups * GroupSize; id++)
        {
            try
            {
                Assert.That(store.TryGet(id, out CodeRecord? record) ? record.Code[0] : 0, Is.EqualTo(id * 7));
            }
            catch (CodeStoreException e)
            {
                refused.Add(id);
                Assert.That(e.Reason, Is.EqualTo(CodeStoreProblem.Damaged));
                Assert.That(e.Message, Does.Contain("Input/output error").And.Contain("hashgrid fsck").And.Not.Contain($"id {id}"));
            }
        }
        // Ten records have some 900 bytes: those that only lie within 4 KiB before the sector are served.
        Assert.That(refused, Has.Count.InRange(40, 65));
        Assert.That(refused, Is.EqualTo(Enumerable.Range(0, refused.Count).Select(i => refused[0] + (ulong)i)), "one run of records");
        Assert.That(store.State, Is.EqualTo(StoreState.Open));
        await DurableAsync(store, store.Put(Record(5000, 1), PutMode.Add, null).Sequence);
    }

    [Test]
    public async Task Open_BadSectorInTheJournal_IsRefusedAsDamage()
    {
        await (await WriteAsync()).DisposeAsync();
        FailReads();
        CodeStoreException refused = await RefusalAsync(() => OpenOnAsync());
        Assert.That((refused.Reason, refused.Message.Contains("Input/output error", StringComparison.Ordinal)), Is.EqualTo((CodeStoreProblem.Damaged, true)), refused.Message);
        _files.Heal();
        await using CodeStore store = await OpenOnAsync();
        Assert.That(store.Count, Is.EqualTo(Groups * GroupSize));
    }

    [Test]
    public async Task IndexHost_BadSectorInTheJournal_FailsWithTheReason()
    {
        await using CodeStore store = await WriteAsync();
        FailReads();
        await using IndexHost host = IndexHost.Start(store, new IndexHostOptions { Directory = Sub("index"), Width = new CodeWidth(64) });
        Assert.That((await RefusalAsync(() => host.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit))).Reason, Is.EqualTo(CodeStoreProblem.Damaged));
        Assert.That(host.State, Is.EqualTo(IndexState.Failed));
    }

    [Test]
    public async Task Get_RecordInABadSector_IsDataLossOnTheWire()
    {
        await using TestServer server = await TestServer.StartAsync(files: _files);
        using IngestCall call = new(server.Channel);
        await call.OpenAsync("camera");
        await call.SendCodeAsync(1, id: 77_001, code: 5);
        await call.AcknowledgedAsync(1);
        _files.FailReads(0, long.MaxValue, new IOException("Input/output error", 5));
        RpcException failure = await Rpc.FailsAsync(StatusCode.DataLoss, "STORE_DAMAGED", server.StoreClient.GetAsync(new Protos.V1.GetRequest { Id = 77_001 }).ResponseAsync);
        Assert.That(failure.Status.Detail, Does.Contain("Input/output error").And.Not.Contain("77001"));
        _files.Heal();
        Assert.That((await server.StoreClient.GetAsync(new Protos.V1.GetRequest { Id = 77_001 }).ResponseAsync.Soon()).Id, Is.EqualTo(77_001UL));
    }

    private async Task<CodeStore> WriteAsync()
    {
        CodeStore store = await OpenOnAsync();
        for (ulong id = 0; id < Groups * GroupSize; id++)
        {
            store.Put(new CodeRecord(id, [id * 7], [], new string('n', 80), 0), PutMode.Add, null);
            if (id % GroupSize == GroupSize - 1)
                await DurableAsync(store, store.LastSequence);
        }
        store.Settle();
        return store;
    }

    private Task<CodeStore> OpenOnAsync() => CodeStore.OpenAsync(Options(Sub("store")) with { Files = _files }, Model, CancellationToken.None).WaitAsync(Limit);

    private void FailReads() => _files.FailReads(From, To, new IOException("Input/output error", 5));
}
