namespace HashGrid.Server.Storage.Journal;

/// <summary>Payloads of the frames, written and read side by side. Numbers are LEB128, texts are UTF-8 behind their length in bytes.</summary>
internal static class Payloads
{
    /// <summary>A stream gets a number when it first takes a position, so that each put carries a byte or two and not its name.</summary>
    public const byte StreamName = 6;

    /// <summary>Many puts in one frame: <see cref="SharedFrameWriter"/> writes it, <see cref="PutReader"/> reads it.</summary>
    public const byte Puts = 7;

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

    /// <summary>number: stream, 0 for none · if not 0, number: position.</summary>
    public static void WriteStream(FrameWriter writer, uint stream, ulong position)
    {
        writer.Number(stream);
        if (stream != 0)
            writer.Number(position);
    }

    /// <summary>number: labels · texts · text: name.</summary>
    public static void WriteTexts(FrameWriter writer, CodeRecord record)
    {
        writer.Number((ulong)record.Labels.Length);
        foreach (string label in record.Labels)
            writer.Text(label);
        writer.Text(record.Name);
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

    /// <summary>number: stream · number: position · number: status code · text: reason · text: message · since format 4 also, if that is the reason, fixed 8: the id that holds the same content.</summary>
    public static void WriteRefuse(FrameWriter writer, uint stream, Refusal refusal)
    {
        writer.Begin();
        writer.Number(stream);
        writer.Number(refusal.StreamSequence);
        writer.Number(refusal.StatusCode);
        writer.Text(refusal.Reason);
        writer.Text(refusal.Message);
        if (refusal.DuplicateOf is { } holder)
            writer.Fixed64(holder);
    }

    public static (uint Stream, Refusal Refusal) ReadRefuse(ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(payload);
        uint stream = checked((uint)reader.Number());
        var refusal = new Refusal(reader.Number(), checked((uint)reader.Number()), reader.Text(), reader.Text());
        if (!reader.AtEnd)
            refusal = refusal with { DuplicateOf = reader.Fixed64() };
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

    public static void End(in FrameReader reader)
    {
        if (!reader.AtEnd)
            throw new InvalidDataException("bytes are left over behind the last field");
    }
}
