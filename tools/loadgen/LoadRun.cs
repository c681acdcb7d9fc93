using HashGrid.Client;
using HashGrid.LoadGen.Baseline;
using HashGrid.LoadGen.Overload;

namespace HashGrid.LoadGen;

/// <summary>One run: preload, then what the scenario says, then the report.</summary>
internal sealed class LoadRun(LoadOptions options, HashGridClient client)
{
    /// <exception cref="HashGridException">The server cannot be reached, or refuses the preload.</exception>
    /// <exception cref="HttpRequestException">Its metrics page cannot be reached.</exception>
    public async Task<LoadReport> RunAsync(CancellationToken ct)
    {
        ModelInfo model = await client.DescribeAsync(ct);
        var source = new CodeSource(model.Bits, options.Seed, options.ImageFolder, options.PictureSide)
        {
            Kind = options.Codes,
            Ring = options.Scenario == Scenario.Soak ? options.Ring : 0,
        };
        await PreloadAsync(source, ct);
        StoreStats before = await client.StatsAsync(ct);
        LoadOutcome outcome = options.Scenario switch
        {
            Scenario.EmptyCall => await new CallPairs(options, client, source).RunAsync(ct),
            Scenario.Overload => await new OverloadRun(options, client, source).RunAsync(ct),
            _ => await new ScheduledRun(options, client, source).RunAsync(ct),
        };
        return new LoadReport(options, before, await client.StatsAsync(CancellationToken.None), outcome);
    }

    private async Task PreloadAsync(CodeSource source, CancellationToken ct)
    {
        if (options.Preload == 0)
            return;
        await foreach (IngestResult result in client.IngestAsync(ItemsAsync(), cancellationToken: ct))
            if (result.Failure is { } failure)
                throw new HashGridException(failure.Status, failure.Reason, $"the preload was refused: {failure.Message}");

        async IAsyncEnumerable<IngestItem> ItemsAsync()
        {
            for (int i = 0; i < options.Preload; i++)
                yield return source.Item(i);
            await Task.CompletedTask;
        }
    }
}
