using System.Buffers.Binary;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;

namespace HashGrid.CommandLine.Output;

/// <summary>Journal records as JSON, one a line.</summary>
internal sealed class EntryLine(Stream output) : IDisposable
{
    private readonly Utf8JsonWriter _json = new(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public void Write(JournalEntry entry)
    {
        _json.WriteStartObject();
        _json.WriteNumber("sequence", entry.Sequence);
        _json.WriteNumber("address", entry.Address);
        if (entry.Kind == JournalRecordKind.Put)
            _json.WriteNumber("ordinal", entry.Ordinal);
        _json.WriteString("time", entry.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        _json.WriteString("kind", entry.NamesStream ? "stream" : KindName(entry));
        if (entry.Model is { } model)
        {
            _json.WriteString("store_id", entry.StoreId);
            _json.WriteNumber("bits", model.Bits);
            _json.WriteString("model", model.Name);
            _json.WriteString("model_fingerprint", model.Fingerprint);
        }
        if (entry.Record is not null || entry.Kind == JournalRecordKind.Remove)
            _json.WriteString("id", Json.Id(entry.Id));
        if (entry.Record is { } record)
        {
            // As everywhere: the bytes of the words in little-endian order.
            _json.WriteString("code", string.Concat(record.Code.Select(word => BinaryPrimitives.ReverseEndianness(word).ToString("x16", CultureInfo.InvariantCulture))));
            _json.WriteStartArray("labels");
            foreach (string label in record.Labels)
                _json.WriteStringValue(label);
            _json.WriteEndArray();
            _json.WriteString("name", record.Name);
            if (record.Digest is { } digest)
                _json.WriteString("digest", digest.ToString());
        }
        if (entry.StreamNumber != 0)
        {
            _json.WriteNumber("stream_number", entry.StreamNumber);
            _json.WriteString("stream", entry.Stream);
            if (!entry.NamesStream)
                _json.WriteString("position", Json.Id(entry.Position));
        }
        if (entry.Refusal is { } refusal)
        {
            _json.WriteNumber("status_code", refusal.StatusCode);
            _json.WriteString("reason", refusal.Reason);
            _json.WriteString("message", refusal.Message);
        }
        if ((entry.Record?.DuplicateOf ?? entry.Refusal?.DuplicateOf) is { } holder)
            _json.WriteString("duplicate_of", Json.Id(holder));
        _json.WriteEndObject();
        _json.Flush();
        output.WriteByte((byte)'\n');
        _json.Reset();
    }

    public void Dispose() => _json.Dispose();

    private static string KindName(JournalEntry entry) => entry.Kind.ToString().ToLowerInvariant();
}
