using System.Buffers.Binary;
using System.Security.Cryptography;

namespace HashGrid.Client;

/// <summary>Ids made from content, so that the same file gets the same id on every machine and a second ingestion changes nothing.</summary>
public static class ContentId
{
    /// <summary>The first eight bytes of the SHA-256 of the content, read as a big-endian number.</summary>
    /// <remarks>With n different files the chance that two share an id is about n² / 2⁶⁵: 3 · 10⁻⁸ for a million.</remarks>
    public static ulong Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }

    /// <summary>The first 16 bytes of the SHA-256 of an image file in lower-case hexadecimal digits: the digest by which a server knows the same content.</summary>
    /// <remarks>Begins with the digits of <see cref="Of"/>; <c>sha256sum FILE | cut -c1-32</c> prints it, too.</remarks>
    public static string DigestOf(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return Convert.ToHexStringLower(hash[..16]);
    }
}
