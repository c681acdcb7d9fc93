using System.Diagnostics;
using System.Globalization;

namespace HashGrid.LoadGen;

/// <summary>Asks the server's metrics page once a second.</summary>
internal sealed class ServerWatch : IAsyncDisposable
{
    private readonly HttpClient _http = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(double Minutes, double MiB, double Tensors, double Items, double Bytes)> _samples = [];
    private readonly Uri _page;
    private readonly Task _sampling;

    private ServerWatch(Uri page, Dictionary<string, double> first)
    {
        _page = page;
        Add(0, first);
        _sampling = SampleAsync();
    }

    /// <exception cref="HttpRequestException">Nobody answers there.</exception>
    public static async Task<ServerWatch> StartAsync(Uri page, CancellationToken ct)
    {
        using var http = new HttpClient();
        return new ServerWatch(page, Parse(await http.GetStringAsync(page, ct)));
    }

    /// <summary>Waits until the encoder's queue is empty, ten seconds at most, and sums up.</summary>
    public async Task<ServerUse> EndAsync()
    {
        await _stop.CancelAsync();
        await _sampling;
        long start = Stopwatch.GetTimestamp();
        Dictionary<string, double> last;
        while (true)
        {
            last = Parse(await _http.GetStringAsync(_page));
            if (last.GetValueOrDefault("hashgrid_encode_items") == 0 || Stopwatch.GetElapsedTime(start).TotalSeconds > 10)
                break;
            await Task.Delay(50);
        }
        Add(_samples[^1].Minutes, last);
        return new ServerUse(_samples[0].MiB, _samples.Max(sample => sample.MiB), _samples[^1].MiB, Slope([.. _samples.Skip(_samples.Count / 2)]), _samples.Count,
            last.GetValueOrDefault("hashgrid_encode_items"), last.GetValueOrDefault("hashgrid_encode_bytes"), (_samples[0].Tensors, _samples.Max(sample => sample.Tensors), _samples[^1].Tensors))
        {
            Most = (_samples.Max(sample => sample.Items), _samples.Max(sample => sample.Bytes)),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sampling;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task SampleAsync()
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(1000, _stop.Token);
                Add(Stopwatch.GetElapsedTime(start).TotalMinutes, Parse(await _http.GetStringAsync(_page, _stop.Token)));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or HttpRequestException)
        {
            // The run is over, or the server is; the last request of EndAsync tells.
        }
    }

    private void Add(double minutes, Dictionary<string, double> page) =>
        _samples.Add((minutes, page.GetValueOrDefault("hashgrid_process_memory") / (1 << 20), page.GetValueOrDefault("hashgrid_process_tensors"),
            page.GetValueOrDefault("hashgrid_encode_items"), page.GetValueOrDefault("hashgrid_encode_bytes")));

    private static double Slope((double Minutes, double MiB, double Tensors, double Items, double Bytes)[] samples)
    {
        if (samples.Length < 3)
            return 0;
        double minutes = samples.Average(sample => sample.Minutes), mib = samples.Average(sample => sample.MiB);
        double spread = samples.Sum(sample => (sample.Minutes - minutes) * (sample.Minutes - minutes));
        return spread == 0 ? 0 : samples.Sum(sample => (sample.Minutes - minutes) * (sample.MiB - mib)) / spread;
    }

    private static Dictionary<string, double> Parse(string page)
    {
        Dictionary<string, double> values = [];
        foreach (string line in page.Split('\n'))
        {
            int space = line.LastIndexOf(' ');
            if (space > 0 && line[0] != '#' && double.TryParse(line.AsSpan(space + 1), CultureInfo.InvariantCulture, out double value))
                values[line[..space]] = value;
        }
        return values;
    }
}
