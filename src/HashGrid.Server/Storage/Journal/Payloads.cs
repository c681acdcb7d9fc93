namespace HashGrid.Server.Storage.Journal;

/// <summary>Payloads of the frames, written and read side by side. Numbers are LEB128, texts are UTF-8 behind their length in bytes.</summary>
internal static class Payloads
{
    /// <summary>A stream gets a number when it first takes a position, so that each put carries a byte or two and not its name.</summary>
    public const byte StreamName = 6;

    /// <summary>fixed 16: store id · number: bits · text: fingerprint · text: name.</summary>
    public static void WriteIdentity(FrameWriter writer, Guid storeId, StoreModel model)
    {
        writer.Begin();
        writer.Raw(storeId.ToByteArray());
        writer.Number((ulong)model.Bits);
        writer.Text(model.Fingerprint);
        writer.Text(model.Name);
    }

    public static (Guid StoreId, StoreModel Model) ReadIdentity(ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(payload);
        var id = new Guid(reader.Raw(16));
        int bits = checked((int)reader.Number());
        string fingerprint = reader.Text();
        string name = reader.Text();
        End(reader);
        return (id, new StoreModel(name, fingerprint, bits));
    }

    /// <summary>fixed 8: id · number: stream, 0 for none · if not 0, number: position · words · number: labels · texts · text: name.</summary>
    public static void WritePut(FrameWriter writer, CodeRecord record, uint stream, ulong position)
    {
        writer.Begin();
        writer.Fixed64(record.Id);
        writer.Number(stream);
        if (stream != 0)
            writer.Number(position);
        writer.Words(record.Code);
        writer.Number((ulong)record.Labels.Length);
        foreach (string label in record.Labels)
            writer.Text(label);
        writer.Text(record.Name);
    }

    public static CodeRecord ReadPut(ReadOnlySpan<byte> payload, long sequence, int words, out uint stream, out ulong position)
    {
        var reader = new FrameReader(payload);
        ulong id = reader.Fixed64();
        ReadStream(ref reader, out stream, out position);
        ulong[] code = reader.Words(words);
        var labels = new string[reader.Count()];
        for (int i = 0; i < labels.Length; i++)
            labels[i] = reader.Text();
        string name = reader.Text();
        End(reader);
        return new CodeRecord(id, code, labels, name, sequence);
    }

    /// <summary>Id and stream position alone, for whoever fills the code table.</summary>
    public static ulong ReadPutHead(ReadOnlySpan<byte> payload, out uint stream, out ulong position)
    {
        var reader = new FrameReader(payload);
        ulong id = reader.Fixed64();
        ReadStream(ref reader, out stream, out position);
        return id;
    }

    /// <summary>What the index keeps: id, code and label bits.</summary>
    public static ulong ReadPutIndexed(ReadOnlySpan<byte> payload, int words, out ulong[] code, out ulong labels)
    {
        var reader = new FrameReader(payload);
        ulong id = reader.Fixed64();
        ReadStream(ref reader, out _, out _);
        code = reader.Words(words);
        labels = 0;
        for (int left = reader.Count(); left > 0; left--)
            labels |= LabelBits.Of(reader.Raw(reader.Count()));
        return id;
    }

    /// <summary>fixed 8: id.</summary>
    public static void WriteRemove(FrameWriter writer, ulong id)
    {
        writer.Begin();
        writer.Fixed64(id);
    }

    public static ulong ReadRemove(ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(payload);
        ulong id = reader.Fixed64();
        End(reader);
        return id;
    }

    /// <summary>number: stream · number: position.</summary>
    public static void WritePosition(FrameWriter writer, uint stream, ulong position)
    {
        writer.Begin();
        writer.Number(stream);
        writer.Number(position);
    }

    public static (uint Stream, ulong Position) ReadPosition(ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(payload);
        uint stream = checked((uint)reader.Number());
        ulong position = reader.Number();
        End(reader);
        return (stream, position);
    }

    /// <summary>number: stream · number: position · number: status code · text: reason · text: message.</summary>
    public static void WriteRefuse(FrameWriter writer, uint stream, Refusal refusal)
    {
        writer.Begin();
        writer.Number(stream);
        writer.Number(refusal.StreamSequence);
        writer.Number(refusal.StatusCode);
        writer.Text(refusal.Reason);
        writer.Text(refusal.Message);
    }

    public static (uint Stream, Refusal Refusal) ReadRefuse(ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(payload);
        uint stream = checked((uint)reader.Number());
        var refusal = new Refusal(reader.Number(), checked((uint)reader.Number()), reader.Text(), reader.Text());
        End(reader);
        return (stream, refusal);
    }

    /// <summary>number: stream · text: the client's stream id.</summary>
    public static void WriteStreamName(FrameWriter writer, uint stream, string streamId)
    {
        writer.Begin();
        writer.Number(stream);
        writer.Text(streamId);
    }

    public static (uint Stream, string StreamId) ReadStreamName(ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(payload);
        uint stream = checked((uint)reader.Number());
        string id = reader.Text();
        End(reader);
        return (stream, id);
    }

    private static void ReadStream(ref FrameReader reader, out uint stream, out ulong position)
    {
        stream = checked((uint)reader.Number());
        position = stream == 0 ? 0 : reader.Number();
    }

    private static void End(in FrameReader reader)
    {
        if (!reader.AtEnd)
            throw new InvalidDataException("bytes are left over behind the last field");
    }
}
