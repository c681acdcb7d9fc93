using System.Buffers.Binary;
using HashGrid.Model.Runtime;

namespace HashGrid.Model.Tests.Runtime;

public sealed class TorchBridgeTests
{
    private const string Version = "GLIBCXX_3.4.32";

    [Test]
    public void MarkWeak_RequiredVersion_SetsOneBit()
    {
        byte[] elf = Elf(Version), before = [.. elf];
        Assert.That(ElfVersionNeeds.MarkWeak(elf, Version), Is.True);
        int[] changed = [.. Enumerable.Range(0, elf.Length).Where(i => elf[i] != before[i])];
        Assert.That(changed, Is.EqualTo([ElfVersionNeeds.FindFlags(before, Version)]));
        Assert.That(elf[changed[0]], Is.EqualTo(2));
    }

    [Test]
    public void MarkWeak_Twice_ChangesNothingMore()
    {
        byte[] elf = Elf(Version);
        ElfVersionNeeds.MarkWeak(elf, Version);
        byte[] once = [.. elf];
        Assert.That(ElfVersionNeeds.MarkWeak(elf, Version), Is.True);
        Assert.That(elf, Is.EqualTo(once));
    }

    [TestCase("GLIBCXX_3.4.3")]
    [TestCase("GLIBCXX_3.4.320")]
    public void MarkWeak_OtherVersion_ChangesNothing(string version)
    {
        byte[] elf = Elf(Version), before = [.. elf];
        Assert.That(ElfVersionNeeds.MarkWeak(elf, version), Is.False);
        Assert.That(elf, Is.EqualTo(before));
    }

    [Test]
    public void FindFlags_EveryPrefixAndDamage_FindsOrRefuses()
    {
        byte[] whole = Elf(Version);
        var random = new Random(20261);
        for (int round = 0; round < 5000; round++)
        {
            byte[] elf = whole[..random.Next(whole.Length + 1)];
            for (int i = 0; i < 4 && elf.Length > 0; i++)
                elf[random.Next(elf.Length)] = (byte)random.Next(256);
            try
            {
                Assert.That(ElfVersionNeeds.FindFlags(elf, Version), Is.LessThan(elf.Length));
            }
            catch (InvalidDataException)
            {
                // refused: as good as found
            }
        }
    }

    [Test]
    public void MarkWeak_NotElf_Refuses() => Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.MarkWeak(new byte[100], Version));

    [Test]
    public void Patch_UnknownLibrary_NamesBothHashes()
    {
        var failure = Assert.Throws<TorchRuntimeException>(() => TorchBridge.Patch(Elf(Version), "lib.so"))!;
        Assert.That(failure.Message, Does.Contain("lib.so").And.Contain(TorchBridge.KnownHash).And.Contain("GCC 13"));
    }

    [Test]
    [Platform("Linux")]
    public void Patch_ShippedLibrary_IsKnownAndOnlyOneByteDiffers()
    {
        string[] found = Directory.GetFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories);
        Assume.That(found, Is.Not.Empty);
        byte[] library = File.ReadAllBytes(found[0]), patched = TorchBridge.Patch(library, found[0]);
        Assert.That(library.Zip(patched).Count(pair => pair.First != pair.Second), Is.EqualTo(1));
    }

    /// <summary>The least ELF file with a version requirement: header, one library with one version, its names, three section headers.</summary>
    private static byte[] Elf(string version)
    {
        byte[] names = [0, .. "libstdc++.so.6\0"u8, .. System.Text.Encoding.ASCII.GetBytes(version), 0];
        int needs = 64, strings = needs + 32, sections = (strings + names.Length + 7) / 8 * 8;
        byte[] elf = new byte[sections + 3 * 64];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(elf);
        void U16(int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(at), (ushort)value);
        void U32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(elf.AsSpan(at), value);
        void U64(int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(elf.AsSpan(at), value);
        U64(0x28, sections);
        U16(0x3a, 64);
        U16(0x3c, 3);
        U16(needs, 1);
        U16(needs + 2, 1);
        U32(needs + 4, 1);
        U32(needs + 8, 16);
        U32(needs + 16 + 8, 16); // name of the version
        names.CopyTo(elf, strings);
        U32(sections + 64 + 4, 0x6ffffffe);
        U64(sections + 64 + 0x18, needs);
        U64(sections + 64 + 0x20, 32);
        U32(sections + 64 + 0x28, 2);
        U32(sections + 64 + 0x2c, 1);
        U64(sections + 128 + 0x18, strings);
        U64(sections + 128 + 0x20, names.Length);
        return elf;
    }
}
