using Forecast.Pipeline.Publishing;

namespace Forecast.Cli.Configuration;

/// <summary>Reads what is below "broker" and refuses what does not fit together, or would send forecasts over a network without protection.</summary>
internal static class BrokerReading
{
    private static readonly string[] TlsFiles = ["broker.ca_file", "broker.cert_file", "broker.key_file"];

    public static BrokerSettings From(SettingReader read)
    {
        var broker = new BrokerSettings
        {
            Address = read.Broker("broker.url"),
            Protection = (BrokerProtection)read.Choice("broker.protection", 0, "certificate", "tls", "none"),
            User = read.OptionalText("broker.user"),
            PasswordVariable = read.SecretVariable("broker.password", "broker.password_file"),
            PasswordFile = read.SecretFile("broker.password_file"),
            AuthorityFile = read.ExistingFile("broker.ca_file"),
            CertificateFile = read.ExistingFile("broker.cert_file"),
            KeyFile = read.PrivateKeyFile("broker.key_file"),
            Encoding = (MessageEncoding)read.Choice("broker.encoding", 0, "json", "protobuf"),
        };
        CheckCertificates(read, broker);
        CheckPassword(read, broker);
        CheckProtection(read, broker);
        return broker;
    }

    private static void CheckCertificates(SettingReader read, BrokerSettings broker)
    {
        foreach (var file in TlsFiles)
        {
            if (read.IsGiven(file) && !broker.Address.Tls)
            {
                read.Fault(file, $"certificates are for a broker.url with mqtts://, and this one is {broker.Address}");
            }
        }

        if (broker.CertificateFile is null != broker.KeyFile is null)
        {
            var (there, missing) = broker.KeyFile is null ? ("broker.cert_file", "broker.key_file") : ("broker.key_file", "broker.cert_file");
            read.Fault(there, $"{missing} is missing: a certificate and its key belong together");
        }
    }

    private static void CheckPassword(SettingReader read, BrokerSettings broker)
    {
        if (broker.PasswordFile is not null && broker.PasswordVariable is not null)
        {
            read.Fault("broker.password_file", $"the password is given twice, here and by {broker.PasswordVariable}");
        }

        if (broker.User is null && (broker.PasswordFile ?? broker.PasswordVariable) is not null)
        {
            read.Fault(broker.PasswordFile is null ? "broker.password" : "broker.password_file", "broker.user is missing: a password belongs to a user");
        }

        if (broker.User is not null && broker.Address.IsEmbedded)
        {
            read.Fault("broker.user", "the embedded broker takes no user: leave it out, or name a broker in broker.url");
        }
    }

    /// <summary>Loopback needs nothing; beyond it TLS with a client's certificate, unless less is asked for in so many words.</summary>
    private static void CheckProtection(SettingReader read, BrokerSettings broker)
    {
        if (broker.Address.IsLoopback || broker.Protection == BrokerProtection.None)
        {
            return;
        }

        if (!broker.Address.Tls)
        {
            read.Fault(
                "broker.url",
                $"{broker.Address} would carry forecasts in plain text beyond this machine: use mqtts:// with broker.cert_file and broker.key_file, or allow it with broker.protection: none");
        }
        else if (broker.Protection == BrokerProtection.Certificate && (broker.CertificateFile ?? broker.KeyFile) is null)
        {
            read.Fault(
                "broker.url",
                $"{broker.Address} is beyond this machine, where a client shows a certificate: give broker.cert_file and broker.key_file, or broker.protection: tls for a broker that asks for none");
        }
    }
}
