using System.Buffers.Binary;
using System.Security.Cryptography;

namespace HashGrid.Server.Storage;

/// <summary>The first 16 bytes of the SHA-256 of an image file: files with the same digest count as the same content.</summary>
/// <remarks>Among 10⁹ different files the chance that any two share one is 10⁻²¹. As text it is what <c>sha256sum FILE | cut -c1-32</c> prints.</remarks>
public readonly record struct ContentDigest
{
    /// <summary>Bytes of a digest, on disk and on the wire.</summary>
    public const int Bytes = 16;

    private readonly UInt128 _value;

    /// <param name="bytes"><see cref="Bytes"/> bytes.</param>
    /// <exception cref="ArgumentException">Another number of bytes.</exception>
    public ContentDigest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Bytes)
            throw new ArgumentException($"the digest has {bytes.Length} bytes, but {Bytes} are needed", nameof(bytes));
        _value = BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>32 bits of it, for tables.</summary>
    internal uint Tag => (uint)(_value >> 96);

    /// <summary>The digest of a file as it was sent. About 0.7 ms for a megabyte on a processor with instructions for SHA, 2.4 ms without.</summary>
    public static ContentDigest Of(ReadOnlySpan<byte> file)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(file, hash);
        return new ContentDigest(hash[..Bytes]);
    }

    /// <summary>Writes its <see cref="Bytes"/> bytes.</summary>
    public void CopyTo(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, _value);

    /// <summary>32 hexadecimal digits, lower case.</summary>
    public override string ToString() => _value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
