using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Doctor;

namespace Forecast.Pipeline.Tests.Cli.Doctor;

public sealed class DoctorReportTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Examine_OnlyAdvice_TheDemoCanRun()
    {
        var report = Report(Finding.Ok("a", "fine"), Finding.Advice("b", "less", "do this"));

        Assert.True(report.DemoCanRun);
    }

    [Fact]
    public void Examine_OneMissing_TheDemoCannotRunAndTheRemedyIsPrinted()
    {
        var run = new CliRun(_folder.Path);
        var report = Report(Finding.Ok("a", "fine"), Finding.Missing("b", "gone", "bring it back"));

        report.Print(run.Console);

        Assert.False(report.DemoCanRun);
        Assert.Equal("What is here\n  ok       a  fine\n  MISSING  b  gone\nb: bring it back\nThe demo cannot run yet: see the lines above.\n", run.Output);
    }

    [Fact]
    public void Examine_CheckThatBreaks_IsAFindingAndTheOthersGoOn()
    {
        var report = DoctorReport.Examine([new Check("broken", () => throw new IOException("disk\ngone")), new Check("next", () => Finding.Ok("next", "fine"))], []);

        Assert.Equal(["broken: disk gone (IOException)", "next: fine"], report.Findings.Select(finding => $"{finding.Name}: {finding.Found}"));
        Assert.False(report.DemoCanRun);
    }

    [Fact]
    public void ToJson_Findings_AreReadableByPrograms()
    {
        using var json = JsonDocument.Parse(new DoctorReport(
            [Finding.Ok("a", "fine"), Finding.Missing("b", "gone", "bring it back")],
            [new SettingValue("broker.password", "set", Origin.Default)]).ToJson());

        Assert.False(json.RootElement.GetProperty("demo_can_run").GetBoolean());
        var checks = json.RootElement.GetProperty("checks");
        Assert.Equal(["ok", "missing"], checks.EnumerateArray().Select(check => check.GetProperty("state").GetString()));
        Assert.Equal("bring it back", checks[1].GetProperty("remedy").GetString());
        Assert.Equal(JsonValueKind.Null, checks[0].GetProperty("remedy").ValueKind);
        Assert.Equal("set", json.RootElement.GetProperty("settings")[0].GetProperty("value").GetString());
    }

    [Fact]
    public async Task Doctor_OnThisMachine_NamesEveryPartAndExitsByWhatIsMissing()
    {
        var run = new CliRun(_folder.Path);

        var exit = await run.InvokeAsync("doctor", "--json", "--metrics", "0");

        using var json = JsonDocument.Parse(run.Output);
        var checks = json.RootElement.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!, check => check);
        Assert.Equal(
            ["broker", "cameras", "certificate", "clock", "compression", "cores", "gpu", "metrics port", "model", "mosquitto", "mqtt client", "npm packages", "onnx runtime", "opencv", "samples", "sodium", "sqlite", "time"],
            checks.Keys.Order());
        Assert.Equal("ok", checks["opencv"].GetProperty("state").GetString());
        Assert.Equal("ok", checks["onnx runtime"].GetProperty("state").GetString());
        Assert.Equal("ok", checks["mosquitto"].GetProperty("state").GetString());
        Assert.Equal("missing", checks["model"].GetProperty("state").GetString()); // this test's installation is an empty folder
        Assert.Equal(ExitCode.Failed, exit);
        Assert.Empty(run.Error);
    }

    [Fact]
    public void MetricsPort_Taken_IsAdviceWithTheCommandThatSaysByWhom()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var finding = MachineChecks.MetricsPort(new MetricsSettings { Port = port });

        Assert.Equal(FindingState.Advice, finding.State);
        Assert.Contains($"ss -ltnp 'sport = :{port}'", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Broker_NobodyThere_IsMissing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        var finding = MachineChecks.Broker(new BrokerAddress(false, "127.0.0.1", port, false));

        Assert.Equal(FindingState.Missing, finding.State);
        Assert.StartsWith($"mqtt://127.0.0.1:{port}: ", finding.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void Cameras_NoDevices_IsFine()
    {
        Assert.Equal(FindingState.Ok, MachineChecks.Cameras(_folder.Path).State);
    }

    private static DoctorReport Report(params Finding[] findings) => DoctorReport.Examine(findings.Select(finding => new Check(finding.Name, () => finding)), []);
}
