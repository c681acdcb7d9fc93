using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace HashGrid.Model.Runtime;

/// <summary>Makes a private copy of <c>libLibTorchSharp.so</c> that older Linux distributions accept.</summary>
/// <remarks>
/// The library as published asks for symbol version GLIBCXX_3.4.32 (GCC 13), so Debian 12 and Ubuntu 22.04 (GCC 12, which ends at 3.4.30) refuse it. The only symbol behind that
/// version, <c>_ZSt21ios_base_library_initv</c>, is a marker of the header &lt;iostream&gt; that nothing refers to by a relocation, so the requirement can be weak. The copy lives in
/// anonymous memory (memfd) of this process, or where that is forbidden in a folder of mode 0700 that is deleted once loaded: nobody else can have written it, nothing races, nothing stays.
/// </remarks>
public static class TorchBridge
{
    /// <summary>The version that the published library asks for.</summary>
    public const string NeededVersion = "GLIBCXX_3.4.32";

    /// <summary>The version whose real symbols it uses; below this nothing helps.</summary>
    public const string RequiredVersion = "GLIBCXX_3.4.30";

    /// <summary>SHA-256 of TorchSharp 0.107.0's <c>libLibTorchSharp.so</c> for linux-x64: the only file whose marker was examined.</summary>
    public const string KnownHash = "cf33b1b0bb6bbb9754a768fb5c5d04d9f498603be50e73f55621a0b40ee608b8";

    /// <summary>The patched bytes of a library, the input being left as it is.</summary>
    /// <param name="library">The whole published file.</param>
    /// <param name="path">Named in messages.</param>
    /// <exception cref="TorchRuntimeException">The file is not the one that was examined.</exception>
    public static byte[] Patch(ReadOnlySpan<byte> library, string path)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(library));
        if (hash != KnownHash)
            throw new TorchRuntimeException(
                $"{path} has SHA-256 {hash}, but only {KnownHash} (TorchSharp 0.107.0) is known to run without {NeededVersion}; install libstdc++ of GCC 13 or newer (Debian 13, Ubuntu 24.04), or restore the package again");
        byte[] copy = library.ToArray();
        if (!ElfVersionNeeds.MarkWeak(copy, NeededVersion))
            throw new TorchRuntimeException($"{path} does not ask for {NeededVersion}, so marking it weak cannot help");
        return copy;
    }

    /// <summary>Loads the patched copy of the library at <paramref name="path"/>; libtorch itself must be in the process already.</summary>
    /// <exception cref="TorchRuntimeException">The file is unknown, or the loader refuses the copy too.</exception>
    public static nint Load(string path)
    {
        byte[] copy = Patch(File.ReadAllBytes(path), path);
        try
        {
            return LoadFromMemory(copy);
        }
        catch (DllNotFoundException)
        {
            return LoadFromFolder(copy);
        }
    }

    private static nint LoadFromMemory(byte[] library)
    {
        int descriptor = memfd_create("libLibTorchSharp.so", 1 /* MFD_CLOEXEC */);
        if (descriptor < 0)
            throw new DllNotFoundException("memfd_create failed");
        string path = $"/proc/self/fd/{descriptor}";
        using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: true);
        RandomAccess.Write(handle, library, 0);
        return NativeLibrary.Load(path); // the mapping outlives the descriptor
    }

    private static nint LoadFromFolder(byte[] library)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("hashgrid-"); // mode 0700 and new, so its content is ours
        try
        {
            string path = Path.Combine(folder.FullName, "libLibTorchSharp.so");
            File.WriteAllBytes(path, library);
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException failure)
        {
            throw new TorchRuntimeException(
                $"the system loader refuses TorchSharp's library even with {NeededVersion} made optional: {failure.Message}; expected libstdc++ with {RequiredVersion} (GCC 12) or newer", failure);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [DllImport("libc", EntryPoint = "memfd_create", SetLastError = true)]
    private static extern int memfd_create([MarshalAs(UnmanagedType.LPUTF8Str)] string name, uint flags);
}
