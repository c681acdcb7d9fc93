using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace HashGrid.Server.Tests.Support;

/// <summary>Authorities and what they issue, made in memory: valid for an hour, each authority for longer than what it issues.</summary>
internal static class Certificates
{
    public const string ServerUse = "1.3.6.1.5.5.7.3.1", ClientUse = "1.3.6.1.5.5.7.3.2";

    /// <summary>An authority that signs itself.</summary>
    public static X509Certificate2 Root(string name) => WithKey(key =>
        Request(name, key, authority: true).CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddHours(2)));

    /// <summary>An authority under another one.</summary>
    public static X509Certificate2 Intermediate(X509Certificate2 issuer, string name) => Signed(issuer, hours: 1.5, key => Request(name, key, authority: true));

    /// <summary>A certificate for localhost and 127.0.0.1.</summary>
    /// <param name="issuer">The authority, with its key.</param>
    /// <param name="use">What it may be shown for; null: anything.</param>
    /// <param name="issuerAt">Where it says that its issuer's certificate can be fetched; null: nowhere.</param>
    public static X509Certificate2 Leaf(X509Certificate2 issuer, string? use, Uri? issuerAt = null) => Signed(issuer, hours: 1, key =>
    {
        CertificateRequest request = Request("leaf", key, authority: false);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        if (use is not null) request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], critical: false));
        if (issuerAt is not null) request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: null, caIssuersUris: [issuerAt.ToString()]));
        return request;
    });

    public static string KeyPem(this X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    private static X509Certificate2 Signed(X509Certificate2 issuer, double hours, Func<ECDsa, CertificateRequest> request) => WithKey(key =>
    {
        using X509Certificate2 signed = request(key).Create(issuer, DateTimeOffset.UtcNow.AddHours(-hours), DateTimeOffset.UtcNow.AddHours(hours), RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    });

    private static X509Certificate2 WithKey(Func<ECDsa, X509Certificate2> make)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = make(key);
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null, X509KeyStorageFlags.Exportable);
    }

    private static CertificateRequest Request(string name, ECDsa key, bool authority)
    {
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, hasPathLengthConstraint: false, 0, critical: true));
        return request;
    }
}
