using Forecast.Cli.Terminal;

namespace Forecast.Pipeline.Tests.Cli.Terminal;

public sealed class ConsoleOutputTests
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();
    private readonly TestTimeProvider _time = new();

    [Fact]
    public void Everything_InAPipe_IsPlainLines()
    {
        var console = new ConsoleOutput(_output, _error, isTerminal: false, _time);

        console.Progress("10 of 120");
        console.Line("a line with \e[31mcolour\e[0m");
        console.Table("Title", ["name", "value"], [["a", "1"], ["long name", "\a2"]]);
        console.Warning("take care");

        Assert.Equal("10 of 120\na line with  [31mcolour [0m\nTitle\n  name       value\n  a          1\n  long name   2\n", _output.ToString());
        Assert.Equal("forecast: warning: take care\n", _error.ToString());
    }

    [Fact]
    public void Progress_InAPipe_IsALineASecond()
    {
        var console = new ConsoleOutput(_output, _error, isTerminal: false, _time);

        for (var i = 0; i <= 25; i++)
        {
            console.Progress($"{i}");
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal("0\n10\n20\n", _output.ToString());
    }

    [Fact]
    public void Progress_OnATerminal_IsWrittenOverAndMakesRoomForLines()
    {
        var console = new ConsoleOutput(_output, _error, isTerminal: true, _time) { Width = 10 };

        console.Progress("one");
        _time.Advance(TimeSpan.FromSeconds(1));
        console.Progress("longer than the terminal");
        console.Line("done");

        Assert.Equal("\r\e[2Kone\r\e[2Klonger th\r\e[2Kdone\n", _output.ToString());
    }

    [Fact]
    public void Table_OnATerminal_IsDrawn()
    {
        var console = new ConsoleOutput(_output, _error, isTerminal: true, _time);

        console.Table("[Title]", [], [["[red]a", "1"]]);

        Assert.Contains("[Title]", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("│ [red]a │ 1 │", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void With_Json_LeavesStandardOutputToTheResult()
    {
        var console = new ConsoleOutput(_output, _error, isTerminal: true, _time).With(json: true, quiet: false);

        console.Progress("10 of 120");
        console.Line("a line");
        console.Table("Title", [], [["a", "1"]]);
        console.JsonResult("{}");

        Assert.Equal("{}\n", _output.ToString());
        Assert.Equal("10 of 120\na line\nTitle\n  a  1\n", _error.ToString());
    }

    [Fact]
    public void With_Quiet_OnlyWarningsErrorsAndTheResultRemain()
    {
        var console = new ConsoleOutput(_output, _error, isTerminal: false, _time).With(json: true, quiet: true);

        console.Progress("10 of 120");
        console.Line("a line");
        console.Table("Title", [], [["a", "1"]]);
        console.Error("broken");
        console.JsonResult("{}");

        Assert.Equal("{}\n", _output.ToString());
        Assert.Equal("forecast: broken\n", _error.ToString());
    }
}
