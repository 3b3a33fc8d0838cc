namespace Forecast.Pipeline.Frames;

/// <summary>Which camera of the rig (its index) and how many frames it had delivered before.</summary>
public readonly record struct FrameId(int Camera, long Number);

/// <summary>
/// One prepared picture on its way. Handing the value over hands over the slot.
/// </summary>
/// <param name="CaptureTime">When the light fell, on the rig's clock, the camera's measured latency already subtracted.</param>
/// <param name="ArrivalTime">When the decoded frame was there; the decision clock.</param>
/// <param name="Content">What the picture looks like, to tell frozen and black cameras.</param>
public readonly record struct Frame(FrameId Id, Timestamp CaptureTime, Timestamp ArrivalTime, PictureContent Content, FrameLease Lease, FrameCosts Times = default);

/// <summary>What one frame cost before it came here, nanoseconds; only measured, never decided upon.</summary>
public readonly record struct FrameCosts(long DecodeNs, long PrepareNs);

/// <summary>A fingerprint of the prepared pixels and their mean and spread in grey levels (0 to 255).</summary>
public readonly record struct PictureContent(ulong Fingerprint, float MeanLevel, float SpreadLevel);
