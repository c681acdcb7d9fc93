using HashGrid.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace HashGrid.Server.Tests.Hosting;

public sealed class LogFilterTests
{
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel", Host = "Microsoft.Extensions.Hosting.Internal.Host";

    [TestCase("HashGrid.Server.Anything", LogLevel.Information, true)]
    [TestCase("HashGrid.Server.Anything", LogLevel.Debug, false)]
    [TestCase("Microsoft.AspNetCore.Server.Kestrel.Http2", LogLevel.Warning, true)]
    [TestCase("Microsoft.AspNetCore.Server.Kestrel.Http2", LogLevel.Information, false)]
    [TestCase(Kestrel, LogLevel.Error, true)]
    [TestCase(Kestrel, LogLevel.Critical, true)]
    [TestCase(Kestrel, LogLevel.Warning, false)]
    [TestCase(Host, LogLevel.Error, true)]
    [TestCase("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.Error, false)]
    public void Wants_OfAStartedServer_IsOwnEventsAndTroubleOfTheLibraries(string category, LogLevel level, bool wanted)
    {
        LogFilter filter = new(LogLevel.Information);
        filter.Started();
        Assert.That(filter.Wants(category, level), Is.EqualTo(wanted));
    }

    [TestCase(Kestrel)]
    [TestCase(Host)]
    public void Wants_DuringAStart_LeavesItsFailureToTheOneLine(string category) =>
        Assert.That(new LogFilter(LogLevel.Information).Wants(category, LogLevel.Critical), Is.False);
}
