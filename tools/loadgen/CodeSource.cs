using HashGrid.Client;

namespace HashGrid.LoadGen;

/// <summary>Ids, codes and images of a run, all from one seed: number i is the same in every run, so that a second run stores nothing new.</summary>
internal sealed class CodeSource
{
    // As `hashgrid bench` makes them: 2,000 centres, each with its own chance of 0.08 to 0.15 that a bit is flipped.
    private const int Centres = 2000;
    private const double LeastFlips = 0.08, MoreFlips = 0.07;

    // Of the items of a ring, one of so many is an image, where there are any.
    private const int ItemsAnImage = 8;

    private readonly int _bits;
    private readonly ulong _seed;
    private readonly byte[][] _images;

    /// <param name="bits">Width of the codes.</param>
    /// <param name="seed">Of ids, codes and made pictures.</param>
    /// <param name="imageFolder">Its files are sent instead of codes; null: none.</param>
    /// <param name="pictureSide">Made pictures of this size are sent instead of codes; 0: none.</param>
    /// <exception cref="ArgumentException">The folder holds no image.</exception>
    public CodeSource(int bits, int seed, string? imageFolder, int pictureSide)
    {
        _bits = bits;
        _seed = Mix((ulong)seed);
        _images = imageFolder is null ? [.. Enumerable.Range(0, pictureSide > 0 ? 32 : 0).Select(i => MadePicture.Png(seed * 1000 + i, pictureSide))] : [.. Directory.EnumerateFiles(imageFolder, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        if (imageFolder is not null && _images.Length == 0)
            throw new ArgumentException($"{imageFolder} holds no PNG or JPEG file");
    }

    /// <summary>How codes lie.</summary>
    public CodeKind Kind { get; init; }

    /// <summary>Ids that are used in turn, each item replacing the one before it under its id; 0: every item has an id of its own.</summary>
    public long Ring { get; init; }

    public IngestItem Item(long number)
    {
        ulong id = Mix(_seed + (ulong)number);
        if (Ring > 0)
        {
            ulong slot = Mix(_seed + (ulong)(number % Ring));
            return _images.Length > 0 && number % ItemsAnImage == 0
                ? IngestItem.FromImage(slot, _images[number % _images.Length]) with { Overwrite = true }
                : IngestItem.FromCode(slot, Code(id, 0)) with { Overwrite = true };
        }
        return _images.Length > 0
            ? IngestItem.FromImage(id, _images[number % _images.Length])
            : IngestItem.FromCode(id, Code(id, 0));
    }

    /// <summary>A query: an image; or a stored code with three bits flipped, as a near duplicate has; or, of clustered codes, a new one of the same clusters.</summary>
    public SearchQuery Query(long number, long stored)
    {
        if (_images.Length > 0 && (Ring == 0 || number % ItemsAnImage == 0))
            return SearchQuery.ByImage(_images[number % _images.Length]);
        ulong draw = Mix(~_seed + (ulong)number);
        if (Kind == CodeKind.Clustered)
            return SearchQuery.ByCode(Code(draw, 0));
        ulong newest = (ulong)Math.Max(1, stored), held = Ring == 0 ? newest : Math.Min(newest, (ulong)Ring);
        return SearchQuery.ByCode(Code(Mix(_seed + newest - 1 - (draw % held)), draw | 1));
    }

    /// <summary>The code that item i carries, when codes are sent.</summary>
    public BinaryCode StoredCode(long number) => Code(Mix(_seed + (ulong)number), 0);

    private BinaryCode Code(ulong id, ulong flips)
    {
        ulong[] words = new ulong[(_bits + 63) / 64];
        if (Kind == CodeKind.Clustered)
            Cluster(words, id);
        else
            for (int i = 0; i < words.Length; i++)
                words[i] = Mix(id + (ulong)i + 1);
        for (int i = 0; flips != 0 && i < 3; i++)
        {
            int bit = (int)(Mix(flips + (ulong)i) % (ulong)_bits);
            words[bit / 64] ^= 1UL << (bit % 64);
        }
        if (_bits % 64 != 0)
            words[^1] &= (1UL << (_bits % 64)) - 1;
        return new BinaryCode(words, _bits);
    }

    private void Cluster(ulong[] words, ulong id)
    {
        ulong centre = Mix(_seed ^ (Mix(id) % Centres));
        for (int i = 0; i < words.Length; i++)
            words[i] = Mix(centre + (ulong)i + 1);
        // From one flipped bit to the next: a geometric step, not one draw a bit.
        double scale = 1 / Math.Log(1 - (LeastFlips + (MoreFlips * Unit(centre))));
        ulong draw = Mix(~id);
        for (double bit = Math.Log(1 - Unit(draw)) * scale; bit < _bits; bit += 1 + (Math.Log(1 - Unit(draw)) * scale))
        {
            words[(int)bit / 64] ^= 1UL << ((int)bit % 64);
            draw = Mix(draw);
        }
    }

    // [0, 1)
    private static double Unit(ulong x) => (Mix(x) >> 11) * (1.0 / (1UL << 53));

    // SplitMix64 (Steele, Lea, Flood 2014).
    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
