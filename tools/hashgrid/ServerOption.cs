using System.CommandLine;
using HashGrid.Client;

namespace HashGrid.CommandLine;

/// <summary><c>--server ADDRESS</c>, else the environment variable HASHGRID_SERVER, else this machine. An API key comes from HASHGRID_API_KEY only: arguments are visible to every process.</summary>
internal sealed class ServerOption : Option<string>
{
    public const string Default = "http://127.0.0.1:5080";

    public ServerOption()
        : base("--server")
    {
        Description = "Address of the server: http://host:port, https://host:port or unix:/path (or the variable HASHGRID_SERVER); an API key is read from HASHGRID_API_KEY";
        HelpName = "ADDRESS";
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("HASHGRID_SERVER") is { Length: > 0 } address ? address : Default;
    }

    public HashGridClient Connect(ParseResult parsed)
    {
        try
        {
            string? key = Environment.GetEnvironmentVariable("HASHGRID_API_KEY");
            return new HashGridClient(parsed.GetRequiredValue(this), new HashGridClientOptions { ApiKey = string.IsNullOrEmpty(key) ? null : key });
        }
        catch (ArgumentException failure)
        {
            throw new UsageException(failure.Message.Split(" (Parameter", 2)[0]);
        }
    }
}
