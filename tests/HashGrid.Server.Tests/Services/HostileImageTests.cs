using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using HashGrid.Protos.V1;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Services;

/// <summary>Forty files that mean harm. Each is refused by itself, with a reason that names the fault, and the stream lives on.</summary>
[Category("EndToEnd")]
public sealed class HostileImageTests
{
    private static readonly string[] Reasons =
        ["IMAGE_EMPTY", "IMAGE_NOT_AN_IMAGE", "IMAGE_UNSUPPORTED", "IMAGE_TRUNCATED", "IMAGE_TOO_MANY_BYTES", "IMAGE_TOO_MANY_PIXELS"];

    [Test]
    public async Task Encode_FortyHostileFiles_EachIsRefusedAndNothingIsHeld()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ReplyWindow = 64, MaxImageBytes = 2 << 20 });
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

    /// <summary>dotnet test tests/HashGrid.Server.Tests --filter "FullyQualifiedName~OneByOne" -- NUnit.ExplicitMode=Relaxed</summary>
    [Test]
    [Explicit("prints time and memory of each file; both are the machine's")]
    [Platform("Linux")]
    public async Task Encode_HostileFilesOneByOne_TimeAndMemory()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { MaxImageBytes = 2 << 20 });
        using AsyncDuplexStreamingCall<EncodeRequest, EncodeReply> call = server.EncoderClient.Encode();
        async Task<EncodeReply> SendAsync(byte[] file)
        {
            await call.RequestStream.WriteAsync(new EncodeRequest { Image = UnsafeByteOperations.UnsafeWrap(file) }).Soon();
            Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
            return call.ResponseStream.Current;
        }

        await SendAsync(TestImages.Png(1));
        // The last ones keep their promises but for the last row: nothing short of decoding them tells.
        (string Name, byte[] File)[] files = [.. HostileFiles.All(), .. TestImages.PngsWithoutTheirLastRow()];
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
        }
    }

    private static double ResidentMiB(string line) => File.ReadLines("/proc/self/status").First(text => text.StartsWith(line, StringComparison.Ordinal)).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is [_, string kib, "kB"]
        ? double.Parse(kib, CultureInfo.InvariantCulture) / 1024 : throw new InvalidOperationException($"no {line} in /proc/self/status");
}
