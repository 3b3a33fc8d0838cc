using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Forecast.Cli.Configuration;

namespace Forecast.Cli.Doctor;

/// <summary>The certificate that the broker is shown: whether it can be read, is its key's, and still holds.</summary>
internal static class CertificateCheck
{
    private const string Name = "certificate";
    private static readonly TimeSpan Soon = TimeSpan.FromDays(30);

    internal static Finding Look(BrokerSettings broker, DateTimeOffset now)
    {
        if (broker is not { CertificateFile: { } file, KeyFile: { } key })
        {
            return Finding.Ok(Name, broker.Address.IsLoopback ? "none; the broker is on this machine" : "none, as broker.protection allows");
        }

        const string Remedy = "data-samples/broker/README.md says how one is made";
        try
        {
            using var certificate = X509Certificate2.CreateFromPemFile(file, key);
            var (from, until) = (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
            var found = string.Create(CultureInfo.InvariantCulture, $"{certificate.Subject}, {from:yyyy-MM-dd} to {until:yyyy-MM-dd}");
            return now < from || now > until ? Finding.Missing(Name, $"{found}: it does not hold now, so the broker will not let us in", Remedy)
                : until - now < Soon ? Finding.Advice(Name, $"{found}: it soon ends", Remedy)
                : Finding.Ok(Name, found);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            return Finding.Missing(Name, $"{file} is no certificate in PEM, or {key} is not its key", Remedy); // what the library says could show parts of the key
        }
    }
}
