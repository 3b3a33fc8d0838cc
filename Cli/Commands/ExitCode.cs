namespace Forecast.Cli.Commands;

/// <summary>What the command's end says to the shell.</summary>
internal static class ExitCode
{
    public const int Fine = 0;
    public const int Failed = 1;

    /// <summary>What was asked for cannot be understood or is not there: arguments, configuration, files.</summary>
    public const int Usage = 2;
}
