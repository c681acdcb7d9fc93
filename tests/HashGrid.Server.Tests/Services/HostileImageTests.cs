using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using HashGrid.Model.Imaging;
using HashGrid.Protos.V1;
using HashGrid.Server.Encoding;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Services;

/// <summary>Forty files that mean harm. Each is refused by itself, with a reason that names the fault, and the stream lives on.</summary>
[Category("EndToEnd")]
public sealed class HostileImageTests
{
    private const int MaxBytes = 2 << 20;

    // What one refusal may cost; a decoder takes up to eight bytes a pixel.
    private const long MostMemory = 64 << 20, BytesAPixel = 8;

    private static readonly string[] Reasons =
        ["IMAGE_EMPTY", "IMAGE_NOT_AN_IMAGE", "IMAGE_UNSUPPORTED", "IMAGE_TRUNCATED", "IMAGE_TOO_MANY_BYTES", "IMAGE_TOO_MANY_PIXELS"];

    [Test]
    public async Task Encode_FortyHostileFiles_EachIsRefusedAndNothingIsHeld()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ReplyWindow = 64, MaxImageBytes = MaxBytes });
        (string Name, byte[] File)[] files = [.. HostileFiles.All()];
        Assert.That(files, Has.Length.EqualTo(40));
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = server.EncoderClient.Encode();
        for (int i = 0; i < files.Length; i++) await call.RequestStream.WriteAsync(new EncodeRequest { Tag = (ulong)i, Image = UnsafeByteOperations.UnsafeWrap(files[i].File) }).Soon();
        await call.RequestStream.WriteAsync(new EncodeRequest { Tag = 40, Image = ByteString.CopyFrom(TestImages.Png(1)) }).Soon();
        await call.RequestStream.CompleteAsync().Soon();
        Dictionary<ulong, EncodeReply> replies = [];
        while (await call.ResponseStream.MoveNext(CancellationToken.None).Soon()) replies.Add(call.ResponseStream.Current.Tag, call.ResponseStream.Current);
        using (Assert.EnterMultipleScope())
        {
            for (int i = 0; i < files.Length; i++) Assert.That(Reasons, Does.Contain(replies[(ulong)i].Error?.Reason ?? "encoded"), files[i].Name);
            Assert.That(replies[40].Code, Is.Not.Null, "the good image behind them");
        }
        Assert.That((server.Runtime.Encoding.Budget.Items, server.Runtime.Encoding.Budget.Bytes), Is.EqualTo((0, 0L)));
    }

    /// <summary>What is refused by its header takes nothing, and what is decoded to find out is small: no file of the forty can cost much memory.</summary>
    [Test]
    public void Check_FortyHostileFiles_CostsNextToNoMemory()
    {
        FileImageDecoder decoder = new(new ImageLimits { MaxBytes = MaxBytes });
        int decoded = 0;
        foreach ((string name, byte[] file) in HostileFiles.All())
        {
            Refuse(file);   // compiles, and loads what is loaded once
            long before = GC.GetAllocatedBytesForCurrentThread();
            long pixels = Refuse(file);
            long taken = GC.GetAllocatedBytesForCurrentThread() - before;
            if (pixels > 0) decoded++;
            using (Assert.EnterMultipleScope())
            {
                Assert.That(taken, Is.LessThan(64 << 10), $"{name}: bytes allocated to look at it");
                Assert.That(pixels * BytesAPixel, Is.LessThan(MostMemory), $"{name}: bytes that decoding it may take");
            }
        }
        Assert.That(decoded, Is.LessThan(5), "nearly all are refused before anything is decoded, or room taken for it");

        long Refuse(byte[] file)
        {
            try
            {
                return decoder.Check(file);
            }
            catch (ImageFormatException)
            {
                return 0;
            }
        }
    }

    /// <summary>dotnet test tests/HashGrid.Server.Tests --filter "FullyQualifiedName~OneByOne" -- NUnit.ExplicitMode=Relaxed</summary>
    [Test]
    [Explicit("time and memory are the machine's")]
    [Platform("Linux")]
    public async Task Encode_HostileFilesOneByOne_TimeAndMemory()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxImageBytes = MaxBytes });
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = server.EncoderClient.Encode();
        async Task<EncodeReply> SendAsync(byte[] file)
        {
            await call.RequestStream.WriteAsync(new EncodeRequest { Image = UnsafeByteOperations.UnsafeWrap(file) }).Soon();
            Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
            return call.ResponseStream.Current;
        }

        foreach ((_, byte[] file) in HostileFiles.All().Prepend(("", TestImages.Png(1)))) await SendAsync(file);   // compiles
        // The last ones keep their promises but for the last row: nothing short of decoding them tells.
        (string Name, byte[] File)[] files = [.. HostileFiles.All(), .. TestImages.PngsWithoutTheirLastRow()];
        string[] promised = [.. HostileFiles.All().Select(file => file.Name)];
        await TestContext.Out.WriteLineAsync("| file | bytes | refused as | ms, median of 9 | ms, slowest | MiB more |\n|---|---|---|---|---|---|");
        foreach ((string name, byte[] file) in files)
        {
            double[] milliseconds = new double[9];
            double most = 0;
            string reason = "";
            for (int round = 0; round < milliseconds.Length; round++)
            {
                double before = ResidentMiB("VmRSS:");
                await File.WriteAllTextAsync("/proc/self/clear_refs", "5");   // the peak counts from here
                long start = Stopwatch.GetTimestamp();
                reason = (await SendAsync(file)).Error?.Reason ?? "encoded";
                milliseconds[round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                most = Math.Max(most, ResidentMiB("VmHWM:") - before);
            }
            Array.Sort(milliseconds);
            await TestContext.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"| {name} | {file.Length} | {reason} | {milliseconds[4]:F1} | {milliseconds[^1]:F1} | {most:F1} |"));
            Assert.That(Reasons, Does.Contain(reason), name);
            if (!promised.Contains(name)) continue;
            Assert.That(milliseconds[4], Is.LessThan(50), $"{name}: ms");
            Assert.That(most, Is.LessThan(MostMemory / (1 << 20)), $"{name}: MiB");
        }
    }

    private static double ResidentMiB(string line) => File.ReadLines("/proc/self/status").First(text => text.StartsWith(line, StringComparison.Ordinal)).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is [_, string kib, "kB"]
        ? double.Parse(kib, CultureInfo.InvariantCulture) / 1024 : throw new InvalidOperationException($"no {line} in /proc/self/status");
}
