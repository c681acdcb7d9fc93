using System.CommandLine;
using HashGrid.Client;

namespace HashGrid.CommandLine;

/// <summary><c>--server ADDRESS</c>, else the environment variable HASHGRID_SERVER, else this machine.</summary>
internal sealed class ServerOption : Option<string>
{
    public const string Default = "http://127.0.0.1:5080";

    public ServerOption()
        : base("--server")
    {
        Description = "Address of the server: http://host:port or unix:/path (or the variable HASHGRID_SERVER)";
        HelpName = "ADDRESS";
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("HASHGRID_SERVER") is { Length: > 0 } address ? address : Default;
    }

    public HashGridClient Connect(ParseResult parsed)
    {
        try
        {
            return new HashGridClient(parsed.GetRequiredValue(this));
        }
        catch (ArgumentException failure)
        {
            throw new UsageException(failure.Message.Split(" (Parameter", 2)[0]);
        }
    }
}
