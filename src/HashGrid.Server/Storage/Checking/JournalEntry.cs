namespace HashGrid.Server.Storage.Checking;

/// <summary>One journal record whose checksum holds and whose payload makes sense.</summary>
public sealed record JournalEntry : JournalPiece
{
    /// <summary>From 1; each record has its predecessor's plus 1.</summary>
    public required long Sequence { get; init; }

    /// <summary>Journal address of the record's frame in bytes.</summary>
    public required long Address { get; init; }

    /// <summary>Number of the record in its frame, from 0; puts may share a frame.</summary>
    public int Ordinal { get; init; }

    /// <summary>When it was written, by the clock of that machine; for people only.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What it says. The name of a stream counts as <see cref="JournalRecordKind.Position"/> and has <see cref="NamesStream"/>.</summary>
    public required JournalRecordKind Kind { get; init; }

    /// <summary>It lies behind the last tail that superblock and commit record know; a start would keep it.</summary>
    public bool BehindTail { get; init; }

    /// <summary>The model of an identity record.</summary>
    public StoreModel? Model { get; init; }

    /// <summary>The store id of an identity record.</summary>
    public Guid StoreId { get; init; }

    /// <summary>What was put; null for every other kind.</summary>
    public CodeRecord? Record { get; init; }

    /// <summary>The id that was put or removed; 0 for every other kind.</summary>
    public ulong Id { get; init; }

    /// <summary>The number that stands for an ingest stream in the journal; 0 without one.</summary>
    public uint StreamNumber { get; init; }

    /// <summary>The stream's own id; null without one, or if the record that named it is lost.</summary>
    public string? Stream { get; init; }

    /// <summary>The position in the stream that the record takes; 0 without one.</summary>
    public ulong Position { get; init; }

    /// <summary>Why an item was refused; null for every other kind.</summary>
    public Refusal? Refusal { get; init; }

    /// <summary>The record gives a stream its number and changes nothing else.</summary>
    public bool NamesStream { get; init; }
}
