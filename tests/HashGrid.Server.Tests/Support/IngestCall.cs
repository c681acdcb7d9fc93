using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using HashGrid.Protos.V1;

namespace HashGrid.Server.Tests.Support;

/// <summary>One raw ingest stream: sends what a test says, and sorts what comes back.</summary>
internal sealed class IngestCall : IDisposable
{
    private readonly AsyncDuplexStreamingCall<IngestRequest, IngestReply> _call;

    public IngestCall(GrpcChannel channel, DateTime? deadline = null, CancellationToken ct = default) =>
        _call = new Protos.V1.Ingest.IngestClient(channel).Stream(deadline: deadline, cancellationToken: ct);

    /// <summary>Last acknowledged sequence.</summary>
    public ulong Acknowledged { get; private set; }

    public ulong StoreSequence { get; private set; }

    public uint Credits { get; private set; }

    public bool Drained { get; private set; }

    public Dictionary<ulong, ItemError> Errors { get; } = [];

    /// <summary>The id of the holder, by the sequence of the item that was linked to it.</summary>
    public Dictionary<ulong, ulong> Duplicates { get; } = [];

    /// <summary>The same, and of items that were refused for it.</summary>
    public Dictionary<ulong, ulong> HoldersToldOf => Duplicates.Concat(Errors.Where(error => error.Value.HasDuplicateOf).Select(error => KeyValuePair.Create(error.Key, error.Value.DuplicateOf))).ToDictionary();

    /// <summary>Every reply in order, by kind, for tests of order.</summary>
    public List<IngestReply> Replies { get; } = [];

    /// <summary>Opens the stream and returns the answer.</summary>
    public async Task<IngestOpened> OpenAsync(string streamId, ulong acknowledged = 0, string fingerprint = "")
    {
        await SendAsync(new IngestRequest { Open = new IngestOpen { StreamId = streamId, Acknowledged = acknowledged, ModelFingerprint = fingerprint } });
        if (!await NextAsync()) throw new InvalidOperationException("the stream ended instead of answering its opening");
        return Replies[^1].Opened;
    }

    public Task SendAsync(IngestRequest request) => _call.RequestStream.WriteAsync(request).Soon();

    public Task SendAsync(IngestItem item) => SendAsync(new IngestRequest { Item = item });

    public Task SendImageAsync(ulong sequence, ulong id, byte[] image, string[]? labels = null, PutMode mode = PutMode.Add)
    {
        var item = new IngestItem { Sequence = sequence, Id = id, Image = ByteString.CopyFrom(image), Name = $"image {id}", Mode = mode };
        item.Labels.AddRange(labels ?? []);
        return SendAsync(item);
    }

    public Task SendCodeAsync(ulong sequence, ulong id, ulong code, string[]? labels = null, PutMode mode = PutMode.Add)
    {
        var item = new IngestItem { Sequence = sequence, Id = id, Code = Codes.Of(code), Mode = mode };
        item.Labels.AddRange(labels ?? []);
        return SendAsync(item);
    }

    public Task CompleteAsync() => _call.RequestStream.CompleteAsync().Soon();

    /// <summary>Reads one reply; false at the end of the stream.</summary>
    public async Task<bool> NextAsync()
    {
        if (!await _call.ResponseStream.MoveNext(CancellationToken.None).Soon()) return false;
        IngestReply reply = _call.ResponseStream.Current;
        Replies.Add(reply);
        switch (reply.MessageCase)
        {
            case IngestReply.MessageOneofCase.Opened:
                Credits += reply.Opened.Credits;
                break;
            case IngestReply.MessageOneofCase.Credits:
                Credits += reply.Credits.Items;
                break;
            case IngestReply.MessageOneofCase.Ack:
                (Acknowledged, StoreSequence) = (reply.Ack.Sequence, reply.Ack.StoreSequence);
                break;
            case IngestReply.MessageOneofCase.ItemError:
                Errors[reply.ItemError.Sequence] = reply.ItemError.Error;
                break;
            case IngestReply.MessageOneofCase.Duplicate:
                Duplicates[reply.Duplicate.Sequence] = reply.Duplicate.Of;
                break;
            case IngestReply.MessageOneofCase.Drain:
                Drained = true;
                break;
        }
        return true;
    }

    /// <summary>Reads until a sequence is acknowledged.</summary>
    public async Task AcknowledgedAsync(ulong sequence)
    {
        while (Acknowledged < sequence)
        {
            if (!await NextAsync()) throw new InvalidOperationException($"the stream ended with {Acknowledged} acknowledged, {sequence} was expected");
        }
    }

    /// <summary>Reads to the end.</summary>
    public async Task EndAsync()
    {
        while (await NextAsync()) { }
    }

    public void Dispose() => _call.Dispose();
}
