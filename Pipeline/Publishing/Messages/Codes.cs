using System.Text;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>The schema's names of enum values (their numbers are those of the enums here, but where noted) and its stable codes.</summary>
internal static class Codes
{
    private static readonly byte[][] DegradedCodes = [.. Enum.GetValues<DegradedReasons>().Where(reason => reason != DegradedReasons.None).Order().Select(reason => CodeOf(reason.ToString()))];
    private static readonly byte[][] DropCodes = [.. Enum.GetValues<DropReason>().Order().Select(reason => CodeOf(reason.ToString()))];
    private static readonly byte[][] GapCodes = [.. Enum.GetValues<SurpriseGap>().Order().Select(gap => CodeOf(gap.ToString()))];
    private static readonly byte[][] OutcomeCodes = [.. Enum.GetValues<PlanOutcome>().Order().Select(outcome => CodeOf(outcome.ToString()))];
    private static readonly byte[][] OutcomeLabels = [.. OutcomeCodes.Select(code => Encoding.UTF8.GetBytes("PLAN_OUTCOME_" + Encoding.UTF8.GetString(code).ToUpperInvariant()))];
    private static readonly byte[][] SeenBeforeCodes = [.. Enum.GetValues<SeenBeforeGap>().Order().Select(gap => CodeOf(gap.ToString()))];

    /// <summary>By <see cref="SeenBeforeGap"/>.</summary>
    public static ReadOnlySpan<byte[]> SeenBeforeGaps => SeenBeforeCodes;

    /// <summary>By <see cref="PlanOutcome"/>.</summary>
    public static ReadOnlySpan<byte[]> Outcomes => OutcomeCodes;

    /// <summary>By <see cref="SurpriseGap"/>.</summary>
    public static ReadOnlySpan<byte[]> Gaps => GapCodes;

    /// <summary>By <see cref="DropReason"/>.</summary>
    public static ReadOnlySpan<byte[]> Drops => DropCodes;

    /// <summary>By bit of <see cref="DegradedReasons"/>.</summary>
    public static ReadOnlySpan<byte[]> Degraded => DegradedCodes;

    public static ReadOnlySpan<byte> Of(SourceKind source) => source switch
    {
        SourceKind.Live => "SOURCE_LIVE"u8,
        SourceKind.Replay => "SOURCE_REPLAY"u8,
        SourceKind.Demo => "SOURCE_DEMO"u8,
        _ => default,
    };

    public static ReadOnlySpan<byte> Of(Validity validity) => validity switch
    {
        Validity.Valid => "VALIDITY_VALID"u8,
        Validity.Degraded => "VALIDITY_DEGRADED"u8,
        Validity.Stale => "VALIDITY_STALE"u8,
        Validity.Invalid => "VALIDITY_INVALID"u8,
        _ => default,
    };

    public static ReadOnlySpan<byte> Of(EgoOrigin origin) => origin switch
    {
        EgoOrigin.Measured => "EGO_ORIGIN_MEASURED"u8,
        EgoOrigin.Extrapolated => "EGO_ORIGIN_EXTRAPOLATED"u8,
        EgoOrigin.Estimated => "EGO_ORIGIN_ESTIMATED"u8,
        _ => default,
    };

    public static ReadOnlySpan<byte> Of(StatusState state) => state switch
    {
        StatusState.Online => "STATUS_STATE_ONLINE"u8,
        StatusState.Offline => "STATUS_STATE_OFFLINE"u8,
        StatusState.Stale => "STATUS_STATE_STALE"u8,
        _ => default,
    };

    public static ReadOnlySpan<byte> Of(PlanOrigin given) => given switch
    {
        PlanOrigin.Plan => "GIVEN_PLAN"u8,
        PlanOrigin.Keep => "GIVEN_KEEP"u8,
        _ => default,
    };

    public static ReadOnlySpan<byte> Of(RiskLevel level) => level switch
    {
        RiskLevel.Unknown => "RISK_LEVEL_UNKNOWN"u8,
        RiskLevel.Low => "RISK_LEVEL_LOW"u8,
        RiskLevel.Elevated => "RISK_LEVEL_ELEVATED"u8,
        RiskLevel.High => "RISK_LEVEL_HIGH"u8,
        _ => default,
    };

    public static ReadOnlySpan<byte> Of(Sector sector) => sector switch
    {
        Sector.None => "SECTOR_NONE"u8,
        Sector.Front => "SECTOR_FRONT"u8,
        Sector.FrontLeft => "SECTOR_FRONT_LEFT"u8,
        Sector.FrontRight => "SECTOR_FRONT_RIGHT"u8,
        Sector.Left => "SECTOR_LEFT"u8,
        Sector.Right => "SECTOR_RIGHT"u8,
        Sector.Rear => "SECTOR_REAR"u8,
        Sector.RearLeft => "SECTOR_REAR_LEFT"u8,
        Sector.RearRight => "SECTOR_REAR_RIGHT"u8,
        _ => default,
    };

    public static ReadOnlySpan<byte> Of(BoundGuarantee guarantee) => guarantee switch
    {
        BoundGuarantee.Holds => "GUARANTEE_HOLDS"u8,
        BoundGuarantee.Suspended => "GUARANTEE_SUSPENDED"u8,
        BoundGuarantee.NotEstablished => "GUARANTEE_NOT_ESTABLISHED"u8,
        _ => default,
    };

    public static ReadOnlySpan<byte> Of(AlarmEdge edge) => edge switch
    {
        AlarmEdge.Rising => "EDGE_RISING"u8,
        AlarmEdge.Falling => "EDGE_FALLING"u8,
        _ => default,
    };

    public static ReadOnlySpan<byte> Of(PlanOutcome outcome) => OutcomeLabels[(int)outcome];

    public static ReadOnlySpan<byte> Of(HealthState state) => state switch
    {
        HealthState.Starting => "HEALTH_STATE_STARTING"u8,
        HealthState.Nominal => "HEALTH_STATE_NOMINAL"u8,
        HealthState.Degraded => "HEALTH_STATE_DEGRADED"u8,
        HealthState.Stale => "HEALTH_STATE_STALE"u8,
        HealthState.Fault => "HEALTH_STATE_FAULT"u8,
        _ => default,
    };

    /// <summary>The state of a camera; its number in the schema is one more, for there 0 must not mean that all is well.</summary>
    public static ReadOnlySpan<byte> StateOf(MissingReason state) => state switch
    {
        MissingReason.None => "CAMERA_STATE_OK"u8,
        MissingReason.NoFrame => "CAMERA_STATE_NO_FRAME"u8,
        MissingReason.Lost => "CAMERA_STATE_LOST"u8,
        MissingReason.Frozen => "CAMERA_STATE_FROZEN"u8,
        MissingReason.Black => "CAMERA_STATE_BLACK"u8,
        MissingReason.OutOfTolerance => "CAMERA_STATE_OUT_OF_TOLERANCE"u8,
        _ => default,
    };

    public static ReadOnlySpan<byte> CodeOf(MissingReason reason) => reason switch
    {
        MissingReason.Lost => "lost"u8,
        MissingReason.Frozen => "frozen"u8,
        MissingReason.Black => "black"u8,
        MissingReason.Shed => "shed"u8,
        MissingReason.OutOfTolerance => "out_of_tolerance"u8,
        _ => "no_frame"u8,
    };

    public static ReadOnlySpan<byte> CodeOf(Stage stage) => stage switch
    {
        Stage.Decode => "decode"u8,
        Stage.Prepare => "prepare"u8,
        Stage.Align => "align"u8,
        Stage.Admit => "admit"u8,
        Stage.Encode => "encode"u8,
        Stage.Remember => "remember"u8,
        Stage.Imagine => "imagine"u8,
        Stage.Judge => "judge"u8,
        Stage.Publish => "publish"u8,
        _ => default,
    };

    /// <summary>The number in the schema is one more.</summary>
    public static ReadOnlySpan<byte> Of(DistortionModel model) => model switch
    {
        DistortionModel.None => "DISTORTION_MODEL_NONE"u8,
        DistortionModel.Brown => "DISTORTION_MODEL_BROWN"u8,
        DistortionModel.Fisheye => "DISTORTION_MODEL_FISHEYE"u8,
        _ => default,
    };

    /// <summary>The number in the schema is one more.</summary>
    public static ReadOnlySpan<byte> Of(StampOrigin origin) => origin switch
    {
        StampOrigin.Driver => "STAMP_DRIVER"u8,
        StampOrigin.Rtp => "STAMP_RTP"u8,
        StampOrigin.Arrival => "STAMP_ARRIVAL"u8,
        _ => default,
    };

    /// <summary>"PoolEmpty" to "pool_empty".</summary>
    private static byte[] CodeOf(string name)
    {
        var code = string.Concat(name.Select((letter, i) => char.IsUpper(letter) && i > 0 ? "_" + letter : letter.ToString()));
        return Encoding.UTF8.GetBytes(code.ToLowerInvariant());
    }
}
