namespace Forecast.Cli.Commands;

/// <summary>What the command's end says to the shell.</summary>
internal static class ExitCode
{
    public const int Fine = 0;
    public const int Failed = 1;

    /// <summary>What was asked for cannot be understood or is not there: arguments, configuration, files.</summary>
    public const int Usage = 2;

    /// <summary>Compared: different, and within the tolerances.</summary>
    public const int WithinTolerance = 3;

    /// <summary>Compared: different beyond what is tolerated.</summary>
    public const int Regression = 4;

    /// <summary>Of another model, instruction set or provider, or incomplete: equality would say nothing, and difference neither.</summary>
    public const int NotComparable = 5;
}
