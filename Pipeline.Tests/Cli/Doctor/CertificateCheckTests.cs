using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Forecast.Cli.Configuration;
using Forecast.Cli.Doctor;

namespace Forecast.Pipeline.Tests.Cli.Doctor;

public sealed class CertificateCheckTests : IDisposable
{
    private static readonly DateTimeOffset Made = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(-1, FindingState.Missing, "does not hold now")]
    [InlineData(1, FindingState.Ok, "CN=shuttle-7, 2030-01-01 to 2031-01-01")]
    [InlineData(340, FindingState.Advice, "soon ends")]
    [InlineData(366, FindingState.Missing, "does not hold now")]
    internal void Look_OfACertificateOfAYear_SaysWhetherItHolds(int days, FindingState state, string found)
    {
        Make("own");

        var finding = CertificateCheck.Look(Broker("own.pem", "own.key"), Made.AddDays(days));

        Assert.Equal(state, finding.State);
        Assert.Contains(found, finding.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void Look_KeyOfAnother_SaysSoAndShowsNothingOfIt()
    {
        Make("own");
        Make("other");

        var finding = CertificateCheck.Look(Broker("own.pem", "other.key"), Made.AddDays(1));

        Assert.Equal((FindingState.Missing, $"{_folder.At("own.pem")} is no certificate in PEM, or {_folder.At("other.key")} is not its key"), (finding.State, finding.Found));
    }

    [Fact]
    public void Look_NoPem_SaysSo()
    {
        _folder.Write("rubbish", "hunter2");

        Assert.Equal(FindingState.Missing, CertificateCheck.Look(Broker("rubbish", "rubbish"), Made).State);
    }

    [Fact]
    public void Look_NoneNeeded_IsFine() => Assert.Equal(FindingState.Ok, CertificateCheck.Look(new BrokerSettings(), Made).State);

    private BrokerSettings Broker(string certificate, string key) => new() { CertificateFile = _folder.At(certificate), KeyFile = _folder.At(key) };

    private void Make(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=shuttle-7", key, HashAlgorithmName.SHA256).CreateSelfSigned(Made, Made.AddDays(365));
        _folder.Write($"{name}.pem", certificate.ExportCertificatePem());
        _folder.Write($"{name}.key", key.ExportPkcs8PrivateKeyPem());
    }
}
