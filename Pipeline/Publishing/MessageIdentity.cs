using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Publishing;

/// <summary>How the messages of forecast.proto are encoded.</summary>
public enum MessageEncoding
{
    Json,
    Protobuf,
}

/// <summary>Where the pictures come from.</summary>
public enum SourceKind
{
    Unspecified,
    Live,
    Replay,
    Demo,
}

public enum StatusState
{
    Unspecified,
    Online,
    Offline,

    /// <summary>The process runs, and no forecast is to be relied on; the reason is a code of docs/states.md.</summary>
    Stale,
}

/// <summary>What stays the same on every message of a session.</summary>
/// <param name="Clock">Names the clock that the messages' times are on, for example "unix" or "drive".</param>
/// <param name="Provider">The execution provider that is live: "cpu", "cuda:0".</param>
/// <param name="ConfigSha256">Of the configuration as it was read, 64 hex digits.</param>
/// <param name="Software">Version of the program.</param>
public sealed record MessageIdentity(string Vehicle, Guid Session, SourceKind Source, string Clock, string Provider, string ConfigSha256, string Software);

/// <summary>What a message gets when it is sent.</summary>
/// <param name="Sequence">How many messages this topic had in this session before.</param>
/// <param name="PublishTime">The rig clock's now.</param>
public readonly record struct MessageStamp(long Sequence, Timestamp PublishTime);
