using System.Diagnostics.Metrics;
using System.Text;

namespace HashGrid.Server.Telemetry;

/// <summary>The series of one instrument, one for each set of tags.</summary>
/// <remarks>Thread-safe. Recording allocates nothing once its set of tags is known; the sets are few, and are looked through in turn.</remarks>
internal sealed class InstrumentSeries(Instrument instrument)
{
    private readonly Lock _adding = new();
    private Tagged[] _all = [];

    public Instrument Instrument => instrument;

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => (Find(Volatile.Read(ref _all), tags) ?? Add(tags)).Record(value);

    /// <summary>What the instrument is, and each of its series.</summary>
    public void Write(StringBuilder page)
    {
        string name = PrometheusText.NameOf(instrument);
        page.Append("# HELP ").Append(name).Append(' ').Append(instrument.Description).Append('\n');
        page.Append("# TYPE ").Append(name).Append(' ').Append(MetricSeries.TypeOf(instrument)).Append('\n');
        foreach (Tagged tagged in Volatile.Read(ref _all).OrderBy(tagged => tagged.Labels, StringComparer.Ordinal)) tagged.Series.Write(page, name, tagged.Labels);
    }

    private MetricSeries Add(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_adding)
        {
            if (Find(_all, tags) is { } known) return known;
            StringBuilder labels = new();
            foreach ((string key, object? tag) in tags) labels.Append(labels.Length == 0 ? "" : ",").Append(key).Append("=\"").Append(tag).Append('"');
            var added = new Tagged(tags.ToArray(), labels.ToString(), new MetricSeries(instrument));
            Volatile.Write(ref _all, [.. _all, added]);
            return added.Series;
        }
    }

    private static MetricSeries? Find(Tagged[] all, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (Tagged tagged in all)
        {
            if (tagged.Carries(tags)) return tagged.Series;
        }
        return null;
    }

    private sealed class Tagged(KeyValuePair<string, object?>[] tags, string labels, MetricSeries series)
    {
        public string Labels => labels;

        public MetricSeries Series => series;

        public bool Carries(ReadOnlySpan<KeyValuePair<string, object?>> others)
        {
            if (others.Length != tags.Length) return false;
            for (int i = 0; i < tags.Length; i++)
            {
                if (others[i].Key != tags[i].Key || !Equals(others[i].Value, tags[i].Value)) return false;
            }
            return true;
        }
    }
}
