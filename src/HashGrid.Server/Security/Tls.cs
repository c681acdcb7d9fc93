using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace HashGrid.Server.Security;

/// <summary>The server's certificate with its chain, and which client certificates it believes.</summary>
internal static class Tls
{
    // Extended key usage of whoever calls (RFC 5280, 4.2.1.12); a certificate that names no usage is good for all.
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <summary>Encrypts an endpoint if the options name a certificate.</summary>
    /// <exception cref="InvalidDataException">The file of the clients' authorities holds none.</exception>
    public static void Apply(ListenOptions endpoint, ServerOptions options)
    {
        if (options.CertificatePath is not { } path) return;
        X509Certificate2 certificate = LoadCertificate(options);
        X509Certificate2Collection chain = [];
        chain.ImportFromPemFile(path);
        X509Certificate2Collection? authorities = options.ClientCaPath is { } clientCa ? LoadAuthorities(clientCa) : null;
        endpoint.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            https.ServerCertificateChain = chain;   // clients know the root; what stands below it they learn from here
            if (authorities is null) return;
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            // A policy for each handshake: it collects the certificates that its client shows.
            https.OnAuthenticate = (_, handshake) => handshake.CertificateChainPolicy = ClientPolicy(authorities);
        });
    }

    private static X509Certificate2 LoadCertificate(ServerOptions options)
    {
        using X509Certificate2 fromPem = X509Certificate2.CreateFromPemFile(options.CertificatePath!, options.CertificateKeyPath);
        // TLS wants the key in a store-backed form on some platforms; a PKCS#12 round trip is that.
        return X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), password: null);
    }

    private static X509Certificate2Collection LoadAuthorities(string path)
    {
        X509Certificate2Collection authorities = [];
        authorities.ImportFromPemFile(path);
        // Trust ends at a root; without one every client would be refused, and nobody told why.
        if (!authorities.Any(authority => authority.SubjectName.RawData.AsSpan().SequenceEqual(authority.IssuerName.RawData)))
            throw new InvalidDataException($"ClientCaPath '{path}' holds {authorities.Count} certificate(s), but none that signs itself; add the root of the clients' authority");
        return authorities;
    }

    private static X509ChainPolicy ClientPolicy(X509Certificate2Collection authorities)
    {
        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,   // a private authority seldom publishes lists
            DisableCertificateDownloads = true,   // a stranger's certificate may name any address
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(ClientAuthentication);
        return policy;
    }
}
