using System.Buffers;

namespace HashGrid.Model.Imaging.Jpeg;

/// <summary>The bits of one scan without the bytes that are stuffed in after each 0xFF, cut at the restart markers. Rents its buffer.</summary>
internal sealed class EntropyCodedData : IDisposable
{
    // A block reads at most 64 codes of 16 bits with 15 more each, and the window 8 bytes beyond: a damaged one stays within the zeros.
    private const int Padding = 272;

    private readonly byte[] _bytes;
    private readonly List<int> _ends = [];

    private EntropyCodedData(byte[] bytes) => _bytes = bytes;

    /// <summary>Pieces between restart markers; at least one.</summary>
    public int Pieces => _ends.Count;

    /// <summary>The marker behind the scan; 0 if the file ends without one.</summary>
    public byte Marker { get; private set; }

    /// <summary>Whether the restart markers count 0, 1, … 7, 0, … as they should.</summary>
    public bool IsInOrder { get; private set; } = true;

    /// <summary>Reads a scan.</summary>
    /// <param name="file">The file from the first byte of the scan's data on.</param>
    public static EntropyCodedData Read(ReadOnlySpan<byte> file)
    {
        var data = new EntropyCodedData(ArrayPool<byte>.Shared.Rent(file.Length + Padding));
        int count = 0;
        while (true)
        {
            int plain = file.IndexOf((byte)0xff);
            if (plain < 0 || plain + 1 >= file.Length) break;
            file[..plain].CopyTo(data._bytes.AsSpan(count));
            count += plain;
            byte next = file[plain + 1];
            if (next == 0xff)
            {
                file = file[(plain + 1)..];   // a fill byte
                continue;
            }
            file = file[(plain + 2)..];
            if (next == 0)
            {
                data._bytes[count++] = 0xff;
                continue;
            }
            if (next is < 0xd0 or > 0xd7)
            {
                data.Marker = next;
                break;
            }
            data.IsInOrder &= (next & 7) == (data._ends.Count & 7);
            data._ends.Add(count);
        }
        data._ends.Add(count);
        data._bytes.AsSpan(count, Padding).Clear();
        return data;
    }

    /// <summary>A reader of one piece.</summary>
    public EntropyReader Open(int piece) => new(_bytes, piece == 0 ? 0 : _ends[piece - 1], _ends[piece]);

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);
}
