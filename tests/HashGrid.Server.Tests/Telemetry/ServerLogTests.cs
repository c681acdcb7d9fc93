using System.Reflection;
using HashGrid.Server.Telemetry;
using Microsoft.Extensions.Logging;

namespace HashGrid.Server.Tests.Telemetry;

/// <summary>Numbers of events are what operators filter by: they must not be given twice, and must not carry what is private.</summary>
public sealed class ServerLogTests
{
    private static readonly (MethodInfo Method, LoggerMessageAttribute Event)[] Events =
    [
        .. typeof(ServerMetrics).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => (method, method.GetCustomAttribute<LoggerMessageAttribute>()!))
            .Where(logged => logged.Item2 is not null),
    ];

    [Test]
    public void Events_OfTheWholeAssembly_HaveNumbersOfTheirOwn()
    {
        Assert.That(Events, Has.Length.GreaterThan(15), "the events must be found at all");
        Assert.That(Events.Select(logged => logged.Event.EventId), Is.Unique.And.All.InRange(100, 999));
        Assert.That(Events.Select(logged => logged.Method.Name), Is.Unique);
    }

    [Test]
    public void Events_Parameters_AreNumbersNamesOfPartsAndFailures()
    {
        string[] secret = ["id", "ids", "streamid", "label", "labels", "image", "caller", "key", "name"];
        foreach ((MethodInfo method, _) in Events)
        {
            foreach (ParameterInfo parameter in method.GetParameters())
            {
                Assert.That(secret, Does.Not.Contain(parameter.Name!.ToLowerInvariant()), method.Name);
                Assert.That(parameter.ParameterType, Is.Not.EqualTo(typeof(byte[])), method.Name);
            }
        }
    }
}
