using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>Whether forecasts are to be expected at all; retained, and left as the last will.</summary>
internal static class StatusMessage
{
    public static void Write<TWriter>(ref TWriter writer, MessageConstants constants, StatusState state, ReadOnlySpan<byte> reason, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        EnvelopeMessage.WriteRetained(ref writer, constants, stamp);
        writer.Enum(2, "state"u8, (int)state, Codes.Of(state));
        writer.Text(3, "reason"u8, reason);
        writer.Text(4, "software"u8, constants.Software);
        writer.Double(5, "tick_period_s"u8, constants.Manifest.TickPeriod.TotalSeconds);
        writer.Double(6, "silence_limit_s"u8, constants.SilenceLimitS);
    }
}
