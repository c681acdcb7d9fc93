using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace HashGrid.Model.Runtime;

/// <summary>Loads libtorch before first use, also where the system's libstdc++ is older than the one TorchSharp was linked with.</summary>
/// <remarks>
/// The runtime asks <see cref="AssemblyLoadContext.ResolvingUnmanagedDll"/> only after its own search has failed, so machines that load TorchSharp as it is never get here.
/// A module initialiser subscribes, so every entry point of this assembly is covered; <see cref="EnsureLoaded"/> adds one clear error.
/// </remarks>
public static class TorchRuntime
{
    private const string BridgeName = "LibTorchSharp";
    private static readonly Lazy<nint> Bridge = new(LoadBridge);
    private static readonly Lazy<bool> Loaded = new(LoadTorch);

    /// <summary>Loads libtorch; the first call costs about a second, later ones nothing. Any thread.</summary>
    /// <exception cref="TorchRuntimeException">It cannot be loaded; the message says why.</exception>
    public static void EnsureLoaded() => _ = Loaded.Value;

    /// <summary>Whether a GPU can be used: a CUDA build of libtorch and a device. Loads libtorch.</summary>
    public static bool HasCuda()
    {
        EnsureLoaded();
        return torch.cuda.is_available();
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "A library that must run before another assembly's static constructor has no other place; it only subscribes and sets one variable.")]
    internal static void Subscribe()
    {
        if (!OperatingSystem.IsLinux())
            return;
        WorkerThreads.Calm();
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;
    }

    private static nint Resolve(Assembly assembly, string name) => name == BridgeName && assembly.GetName().Name == "TorchSharp" ? Bridge.Value : 0;

    private static bool LoadTorch()
    {
        if (OperatingSystem.IsLinux())
            _ = Bridge.Value; // before TorchSharp tries: where it fails it copies half a gigabyte and reports something else
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
            return true;
        }
        catch (Exception failure) when (failure is TypeInitializationException or DllNotFoundException or NotSupportedException)
        {
            for (Exception? inner = failure; inner is not null; inner = inner.InnerException)
                if (inner is TorchRuntimeException known)
                    throw known;
            string found = (failure.InnerException ?? failure).Message.Split('\n')[0];
            throw new TorchRuntimeException($"libtorch cannot be loaded on {RuntimeInformation.RuntimeIdentifier}: {found}; expected its libraries beside the program (build again for this platform)", failure);
        }
    }

    private static nint LoadBridge()
    {
        string file = $"lib{BridgeName}.so";
        string path = SearchFolders().Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists)
            ?? throw new TorchRuntimeException($"{file} was not found beside the program; build again for this platform");
        if (NativeLibrary.TryLoad(path, out nint asPublished))
            return asPublished;
        // libLibTorchSharp.so needs these three; once loaded by path, the loader finds them by their names wherever the copy lies.
        foreach (string needed in (string[])["libc10.so", "libtorch_cpu.so", "libtorch.so"])
            _ = NativeLibrary.Load(Path.Combine(Path.GetDirectoryName(path)!, needed));
        return TorchBridge.Load(path);
    }

    private static IEnumerable<string> SearchFolders()
    {
        string known = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return known.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(AppContext.BaseDirectory)
            .Append(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native"));
    }
}
