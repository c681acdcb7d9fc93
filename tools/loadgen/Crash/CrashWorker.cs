using HashGrid.Client;

namespace HashGrid.LoadGen.Crash;

/// <summary>One ingest stream that lives through every kill, and the record of what it was told: new codes, replacements, removes.</summary>
/// <remarks>No other worker touches its ids, so what the store must hold is known exactly once everything is answered.</remarks>
internal sealed class CrashWorker
{
    private const int Window = 256;

    private readonly HashGridClient _client;
    private readonly IngestStream _stream;
    private readonly int _bits;
    private readonly Random _random;
    private readonly ulong _firstId;
    private readonly Lock _lock = new();
    private readonly Queue<(ulong Id, uint Version)> _sent = new();
    private readonly List<ulong> _settled = [];
    private readonly Dictionary<ulong, uint> _expected = [];
    private readonly List<ulong> _removed = [];
    private readonly List<string> _violations = [];
    private readonly Task _reading;
    private ulong _next;
    private HashSet<ulong> _touched = [];

    private CrashWorker(HashGridClient client, IngestStream stream, int bits, int number, int seed)
    {
        (_client, _stream, _bits, _firstId, _random) = (client, stream, bits, ((ulong)number + 1) << 40, new Random(seed));
        _reading = ReadAsync();
    }

    /// <summary>Items and removes that were acknowledged.</summary>
    public long Acknowledged { get; private set; }

    public int Ids
    {
        get
        {
            lock (_lock)
                return _expected.Count;
        }
    }

    public static async Task<CrashWorker> OpenAsync(HashGridClient client, int bits, int number, int seed, CancellationToken ct)
    {
        IngestStream stream = await client.OpenIngestAsync(new IngestOptions { StreamId = $"crash-{seed}-{number}", MaxInFlight = Window }, ct);
        return new CrashWorker(client, stream, bits, number, seed * 1000 + number);
    }

    /// <summary>Sends until the pause; a remove that the kill interrupted is asked again until somebody answers.</summary>
    public async Task WorkAsync(CancellationToken pause, CancellationToken ct)
    {
        while (!pause.IsCancellationRequested)
        {
            int draw = _random.Next(10);
            ulong? known = draw < 2 ? TakeSettled() : null;
            if (known is { } gone && draw == 0)
            {
                await RemoveAsync(gone, ct);
                continue;
            }
            ulong id = known ?? _firstId + _next++;
            var item = (Id: id, Version: (uint)_random.Next());
            lock (_lock)
                _sent.Enqueue(item);
            await _stream.SendAsync(IngestItem.FromCode(id, Code(item)) with { Overwrite = true, Name = $"{id:x}-{item.Version}" }, ct);
        }
    }

    /// <summary>Returns when everything that was sent is answered.</summary>
    public async Task DrainAsync(CancellationToken ct)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_sent.Count == 0)
                    return;
            }
            if (_reading.IsCompleted)
                await _reading;
            await Task.Delay(10, ct);
        }
    }

    /// <summary>Compares the store with the record: everything that changed since the last time, and some of what did not; or all of it.</summary>
    public async Task<List<string>> VerifyAsync(bool all, CancellationToken ct)
    {
        List<(ulong Id, uint Version)> present;
        List<ulong> absent;
        lock (_lock)
        {
            HashSet<ulong> touched = _touched;
            _touched = [];
            present = [.. _expected.Where(entry => all || touched.Contains(entry.Key) || _random.Next(50) == 0).Select(entry => (entry.Key, entry.Value))];
            absent = [.. _removed.Where(id => all || touched.Contains(id) || _random.Next(10) == 0)];
        }
        var wrong = new List<string>(_violations);
        foreach ((ulong Id, uint Version)[] group in present.Chunk(64))
        {
            StoredItem?[] found = await Task.WhenAll(group.Select(item => _client.GetAsync(item.Id, ct)));
            wrong.AddRange(group.Zip(found).Where(pair => pair.Second is null).Select(pair => $"id {pair.First.Id:x} was acknowledged and is not there"));
            wrong.AddRange(group.Zip(found).Where(pair => pair.Second is { } stored && (!stored.Code.Equals(Code(pair.First)) || stored.Name != $"{pair.First.Id:x}-{pair.First.Version}"))
                .Select(pair => $"id {pair.First.Id:x} is there as '{pair.Second!.Name}', but version {pair.First.Version} was acknowledged last"));
        }
        foreach (ulong[] group in absent.Chunk(64))
        {
            StoredItem?[] found = await Task.WhenAll(group.Select(id => _client.GetAsync(id, ct)));
            wrong.AddRange(group.Zip(found).Where(pair => pair.Second is not null).Select(pair => $"id {pair.First:x} was removed and is back"));
        }
        foreach ((ulong Id, uint Version) item in present.Take(10))
        {
            SearchAnswer answer = await _client.WithinAsync(SearchQuery.ByCode(Code(item)), 0, cancellationToken: ct, options: new QueryOptions { AtLeastSequence = _stream.StoreSequence });
            if (answer.Matches.All(match => match.Id != item.Id))
                wrong.Add($"id {item.Id:x} is stored, but no search finds it");
        }
        return wrong;
    }

    private async Task RemoveAsync(ulong id, CancellationToken ct)
    {
        for (bool first = true; ; first = false)
        {
            try
            {
                bool found = await _client.RemoveAsync(id, ct);
                lock (_lock)
                {
                    // Asked again after a kill, it may have been removed by the first try.
                    if (!found && first)
                        _violations.Add($"id {id:x} was acknowledged, but the server did not know it when it was removed");
                    _expected.Remove(id);
                    _removed.Add(id);
                    _touched.Add(id);
                    Acknowledged++;
                }
                return;
            }
            catch (HashGridException)
            {
                await Task.Delay(50, ct);
            }
        }
    }

    private async Task ReadAsync()
    {
        await foreach (IngestResult result in _stream.ReadResultsAsync())
        {
            lock (_lock)
            {
                (ulong id, uint version) = _sent.Dequeue();
                if (result.Id != id || result.Failure is not null)
                    _violations.Add($"item {result.Sequence} is answered with id {result.Id:x} ({result.Failure?.Message ?? "stored"}), but id {id:x} was sent");
                _expected[id] = version;
                _touched.Add(id);
                _settled.Add(id);
                Acknowledged++;
            }
        }
    }

    private ulong? TakeSettled()
    {
        lock (_lock)
        {
            if (_settled.Count == 0)
                return null;
            int at = _random.Next(_settled.Count);
            ulong id = _settled[at];
            _settled[at] = _settled[^1];
            _settled.RemoveAt(_settled.Count - 1);
            return id;
        }
    }

    private BinaryCode Code((ulong Id, uint Version) item)
    {
        var random = new Random(HashCode.Combine(item.Id, item.Version) & int.MaxValue);
        ulong[] words = new ulong[(_bits + 63) / 64];
        for (int i = 0; i < words.Length; i++)
            words[i] = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
        if (_bits % 64 != 0)
            words[^1] &= (1UL << (_bits % 64)) - 1;
        return new BinaryCode(words, _bits);
    }
}
