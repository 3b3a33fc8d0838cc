namespace Forecast.Pipeline.WhatIf;

/// <summary>What became of a plan request: answered, or the one reason why not. The numbers and names are the schema's.</summary>
public enum PlanOutcome
{
    Unspecified,
    Answered,

    /// <summary>Its deadline had passed, or left no time for an answer even on an idle machine; or the broker had kept it from before.</summary>
    Late,

    /// <summary>More bytes than are read.</summary>
    TooLarge,

    /// <summary>Not the message expected.</summary>
    Malformed,

    /// <summary>Of another schema.</summary>
    UnknownVersion,

    /// <summary>More a second than are read.</summary>
    RateLimited,

    TooManyCandidates,

    /// <summary>A number that is not finite or lies beyond its bounds.</summary>
    OutOfRange,

    /// <summary>No topic for the answer, or none below plan/response/; never answered, for there is nowhere to.</summary>
    ResponseTopic,

    /// <summary>There is no committed world state, or it is too old.</summary>
    NoWorldState,

    /// <summary>Frame sets left no time for it within its deadline, or too many others waited.</summary>
    Shed,

    /// <summary>The predictor failed, or what it gave was not finite.</summary>
    ModelFailed,
}
