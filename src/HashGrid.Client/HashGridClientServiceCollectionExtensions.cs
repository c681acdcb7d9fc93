using HashGrid.Client;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Puts a <see cref="HashGridClient"/> into a service collection.</summary>
public static class HashGridClientServiceCollectionExtensions
{
    /// <summary>Registers one <see cref="HashGridClient"/> for the whole application; it logs to the application's logger.</summary>
    /// <param name="services">The collection.</param>
    /// <param name="address"><c>http://127.0.0.1:5080</c>, <c>https://host:port</c> or <c>unix:/path/of/socket</c>.</param>
    /// <param name="options">Time-outs and limits; null for the defaults.</param>
    /// <returns>The collection.</returns>
    public static IServiceCollection AddHashGridClient(this IServiceCollection services, string address, HashGridClientOptions? options = null) =>
        services.AddHashGridClient(_ => address, _ => options ?? new HashGridClientOptions());

    /// <summary>As above, with address and options taken from other services, such as the configuration.</summary>
    /// <param name="services">The collection.</param>
    /// <param name="address">Finds the address when the client is first asked for.</param>
    /// <param name="options">Finds the options; null for the defaults.</param>
    /// <returns>The collection.</returns>
    public static IServiceCollection AddHashGridClient(
        this IServiceCollection services, Func<IServiceProvider, string> address, Func<IServiceProvider, HashGridClientOptions>? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(address);
        return services.AddSingleton(provider =>
        {
            HashGridClientOptions chosen = options?.Invoke(provider) ?? new HashGridClientOptions();
            return new HashGridClient(
                address(provider),
                chosen.LoggerFactory is null ? chosen with { LoggerFactory = provider.GetService<ILoggerFactory>() } : chosen);
        });
    }
}
