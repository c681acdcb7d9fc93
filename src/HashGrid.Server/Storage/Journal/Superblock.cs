using System.Globalization;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage.Journal;

/// <summary>What the store is, and how far it is known to be durable. Kept in <c>superblock</c>, see <see cref="SlotFile"/>.</summary>
/// <remarks>
/// Payload: number: format · fixed 16: store id · number: bits · text: fingerprint · text: name · number: page bytes ·
/// number: segment bytes · fixed 8: begin address · fixed 8: durable sequence · fixed 8: durable address · fixed 8: link · number: 1 if closed cleanly ·
/// since format 2: number: generation · fixed 8: begin sequence. Formats 3 and 4 are written as format 2: since 3 the journal
/// may hold shared frames, since 4 their records digests.
/// </remarks>
internal sealed record Superblock(Guid StoreId, StoreModel Model, int PageBytes, long SegmentBytes, long BeginAddress, JournalTail Durable, bool Clean,
    int Generation = 0, long BeginSequence = 0, int Format = Superblock.NewestFormat)
{
    public const uint Magic = 0x42534748; // "HGSB"
    public const string FileName = "superblock";

    /// <summary>The newest format this build reads, and that of every store it makes. An older one stays until the first put that needs a newer one.</summary>
    public const int NewestFormat = DigestFormat;

    /// <summary>Since then puts share frames.</summary>
    public const int SharedFrameFormat = 3;

    /// <summary>Since then puts may have a digest.</summary>
    public const int DigestFormat = 4;

    /// <summary>Before the first frame.</summary>
    public JournalTail Begin => new(BeginSequence, BeginAddress, JournalTail.Empty(StoreId).Link);

    /// <summary>Folder of a generation's journal.</summary>
    public static string JournalName(int generation) => generation == 0 ? "journal" : string.Create(CultureInfo.InvariantCulture, $"journal.{generation}");

    public byte[] Write()
    {
        var writer = new FrameWriter(4096);
        writer.Begin();
        writer.Number((ulong)Format);
        writer.Raw(StoreId.ToByteArray());
        writer.Number((ulong)Model.Bits);
        writer.Text(Model.Fingerprint);
        writer.Text(Model.Name);
        writer.Number((ulong)PageBytes);
        writer.Number((ulong)SegmentBytes);
        writer.Fixed64((ulong)BeginAddress);
        writer.Fixed64((ulong)Durable.Sequence);
        writer.Fixed64((ulong)Durable.Address);
        writer.Fixed64(Durable.Link);
        writer.Number(Clean ? 1UL : 0);
        if (Format >= 2)
        {
            writer.Number((ulong)Generation);
            writer.Fixed64((ulong)BeginSequence);
        }
        return writer.Body().ToArray();
    }

    /// <exception cref="CodeStoreException">Written by a newer HashGrid, or the fields make no sense.</exception>
    public static Superblock Read(ReadOnlySpan<byte> payload, string path)
    {
        var reader = new FrameReader(payload);
        try
        {
            ulong format = reader.Number();
            if (format > NewestFormat)
            {
                throw new CodeStoreException(
                    CodeStoreProblem.NewerFormat,
                    $"{path} has format {format}, but this build reads up to {NewestFormat}; open the store with the HashGrid that wrote it, or a newer one");
            }
            var id = new Guid(reader.Raw(16));
            int bits = checked((int)reader.Number());
            string fingerprint = reader.Text();
            string name = reader.Text();
            return new Superblock(
                id,
                new StoreModel(name, fingerprint, bits),
                checked((int)reader.Number()),
                checked((long)reader.Number()),
                (long)reader.Fixed64(),
                new JournalTail((long)reader.Fixed64(), (long)reader.Fixed64(), (uint)reader.Fixed64()),
                reader.Number() == 1,
                format < 2 ? 0 : checked((int)reader.Number()),
                format < 2 ? 0 : (long)reader.Fixed64(),
                (int)format);
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException)
        {
            throw new CodeStoreException(CodeStoreProblem.Damaged, $"{path} carries a valid checksum but senseless fields: {e.Message}", 0, e);
        }
    }
}
