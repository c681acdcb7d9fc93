using System.Runtime.InteropServices;
using HashGrid.Index;

namespace HashGrid.CommandLine.Inputs;

/// <summary>Answers as programs read them: for each query k pairs of int32 distance and int32 id, ascending by (distance, id), short lists padded with −1.</summary>
internal sealed class NeighborFile(string path, int k) : IDisposable
{
    private readonly FileStream _file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
    private readonly int[] _padding = Enumerable.Repeat(-1, 2 * Math.Min(k, 4096)).ToArray();

    public void Write(ReadOnlySpan<Neighbor> neighbors)
    {
        Span<int> pair = stackalloc int[2];
        foreach (Neighbor neighbor in neighbors)
        {
            (pair[0], pair[1]) = (neighbor.Distance, checked((int)neighbor.Id));
            Write(pair);
        }
        for (int missing = k - neighbors.Length; missing > 0; missing -= _padding.Length / 2)
            Write(_padding.AsSpan(0, 2 * Math.Min(missing, _padding.Length / 2)));
    }

    public void Dispose() => _file.Dispose();

    private void Write(ReadOnlySpan<int> numbers)
    {
        if (BitConverter.IsLittleEndian)
        {
            _file.Write(MemoryMarshal.AsBytes(numbers));
            return;
        }
        foreach (int number in numbers)
            _file.Write(BitConverter.GetBytes(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(number)));
    }
}
