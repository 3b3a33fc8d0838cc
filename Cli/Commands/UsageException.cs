namespace Forecast.Cli.Commands;

/// <summary>The user's input is at fault: the message is one line that says what, where and what to do. Ends the command with exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
