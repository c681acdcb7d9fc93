using System.Security.Cryptography;

namespace HashGrid.Server.Security;

/// <summary>The API keys of a server: read once, kept as hashes, compared in constant time.</summary>
public sealed class ApiKeys
{
    private const int MinKeyCharacters = 16;

    private readonly (string Name, byte[] Hash)[] _keys;

    private ApiKeys((string Name, byte[] Hash)[] keys) => _keys = keys;

    /// <summary>Reads a file of <c>name:key</c> lines; empty lines and lines that begin with # are skipped.</summary>
    /// <param name="path">Null: no keys.</param>
    /// <exception cref="InvalidDataException">A line cannot be used; the message gives its number, never its content.</exception>
    public static ApiKeys Load(string? path)
    {
        if (path is null) return new ApiKeys([]);
        List<(string Name, byte[] Hash)> keys = [];
        int number = 0;
        foreach (string raw in File.ReadLines(path))
        {
            number++;
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1 || line.Length - colon - 1 < MinKeyCharacters)
                throw new InvalidDataException($"API key file '{path}', line {number}: expected name:key with a key of at least {MinKeyCharacters} characters");
            keys.Add((line[..colon], Hash(line.AsSpan(colon + 1))));
        }
        return keys.Count > 0 ? new ApiKeys([.. keys]) : throw new InvalidDataException($"API key file '{path}' holds no key; nobody could call");
    }

    /// <summary>The name behind an <c>authorization</c> value, or null.</summary>
    public string? Find(string? authorization)
    {
        const string Scheme = "Bearer ";
        if (authorization?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) != true) return null;
        byte[] hash = Hash(authorization.AsSpan(Scheme.Length).Trim());
        string? found = null;
        // No early exit: how long this takes says nothing about which key was near.
        foreach ((string name, byte[] known) in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, known)) found = name;
        }
        return found;
    }

    private static byte[] Hash(ReadOnlySpan<char> key) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(key.ToString()));
}
