using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace HashGrid.Server.Security;

/// <summary>The server's certificate, and which client certificates it believes.</summary>
internal static class Tls
{
    /// <summary>Encrypts an endpoint if the options name a certificate.</summary>
    public static void Apply(ListenOptions endpoint, ServerOptions options)
    {
        if (options.CertificatePath is null) return;
        X509Certificate2 certificate = LoadCertificate(options);
        X509Certificate2Collection? authorities = null;
        if (options.ClientCaPath is { } path)
        {
            authorities = [];
            authorities.ImportFromPemFile(path);
        }
        endpoint.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            if (authorities is null) return;
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (client, _, _) => IsIssuedBy(client, authorities);
        });
    }

    private static X509Certificate2 LoadCertificate(ServerOptions options)
    {
        using X509Certificate2 fromPem = X509Certificate2.CreateFromPemFile(options.CertificatePath!, options.CertificateKeyPath);
        // TLS wants the key in a store-backed form on some platforms; a PKCS#12 round trip is that.
        return X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), password: null);
    }

    private static bool IsIssuedBy(X509Certificate2 client, X509Certificate2Collection authorities)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;   // a private authority seldom publishes lists
        return chain.Build(client);
    }
}
