namespace Forecast.Adapters.Mcap;

/// <summary>
/// A file could not be written any further: the disk is full or gone. The message is one line for a person. Everything written before is readable; the
/// writer takes nothing more, and its owner may begin another file.
/// </summary>
public sealed class McapWriteException(string message, Exception cause) : IOException(message, cause);
