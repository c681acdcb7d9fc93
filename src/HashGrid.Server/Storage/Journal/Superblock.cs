using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage.Journal;

/// <summary>What the store is, and how far it is known to be durable. Kept in <c>superblock</c>, see <see cref="SlotFile"/>.</summary>
/// <remarks>
/// Payload: number: format · fixed 16: store id · number: bits · text: fingerprint · text: name · number: page bytes ·
/// number: segment bytes · fixed 8: begin address · fixed 8: durable sequence · fixed 8: durable address · fixed 8: link · number: 1 if closed cleanly.
/// </remarks>
internal sealed record Superblock(Guid StoreId, StoreModel Model, int PageBytes, long SegmentBytes, long BeginAddress, JournalTail Durable, bool Clean)
{
    public const uint Magic = 0x42534748; // "HGSB"
    public const string FileName = "superblock";

    /// <summary>The format this build writes; it reads this one and older ones.</summary>
    public const int Format = 1;

    public byte[] Write()
    {
        var writer = new FrameWriter(4096);
        writer.Begin();
        writer.Number(Format);
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
        return writer.Body().ToArray();
    }

    /// <exception cref="CodeStoreException">Written by a newer HashGrid, or the fields make no sense.</exception>
    public static Superblock Read(ReadOnlySpan<byte> payload, string path)
    {
        var reader = new FrameReader(payload);
        try
        {
            ulong format = reader.Number();
            if (format > Format)
            {
                throw new CodeStoreException(
                    CodeStoreProblem.NewerFormat,
                    $"{path} has format {format}, but this build reads up to {Format}; open the store with the HashGrid that wrote it, or a newer one");
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
                reader.Number() == 1);
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException)
        {
            throw new CodeStoreException(CodeStoreProblem.Damaged, $"{path} carries a valid checksum but senseless fields: {e.Message}", 0, e);
        }
    }
}
