using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>How the scene will evolve. Without a compressor the occupancy is written as it stands, which is its canonical form.</summary>
internal static class SceneMessage
{
    public static void Write<TWriter>(ref TWriter writer, MessageConstants constants, ZlibEncoder? zlib, SceneForecast forecast, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        EnvelopeMessage.Write(ref writer, constants, forecast, stamp);
        writer.SingleOr(2, "speed_mps"u8, forecast.Speed, "ego_unknown"u8);
        writer.SingleOr(4, "yaw_rate_radps"u8, forecast.YawRate, "ego_unknown"u8);
        writer.SingleOr(6, "acceleration_mps2"u8, forecast.Acceleration, "ego_unknown"u8);
        GridMessage.Write(ref writer, 8, constants.Manifest.Grid);
        writer.TextList(9, "occupancy_classes"u8, constants.OccupancyClasses);
        WriteOccupancy(ref writer, 10, "occupancy_now"u8, zlib, forecast, map: 0);
        writer.OpenList("horizons"u8);
        for (var k = 0; k < forecast.Horizons; k++)
        {
            var item = writer.OpenItem(11);
            writer.Double(1, "horizon_s"u8, constants.HorizonsS[k]);
            WritePose(ref writer, forecast.EgoPath[k]);
            WriteOccupancy(ref writer, 4, "occupancy"u8, zlib, forecast, map: k + 1);
            writer.SingleOr(5, "predicted_change"u8, forecast.PredictedChange[k], "not_imagined"u8);
            writer.SingleOr(7, "uncertainty"u8, forecast.Uncertainty[k], "not_imagined"u8);
            writer.SingleOr(9, "rolling_skill"u8, forecast.RollingSkill[k], "no_history"u8);
            writer.CloseItem(item);
        }

        writer.CloseList();
        SurpriseMessage.Write(ref writer, 12, constants, forecast);
        MemoryMessage.Write(ref writer, 14, forecast.SeenBefore);
    }

    private static void WritePose<TWriter>(ref TWriter writer, Pose2 pose)
        where TWriter : struct, IMessageWriter
    {
        if (!float.IsFinite(pose.X + pose.Y + pose.Yaw))
        {
            writer.Absent(2, "ego"u8, "ego_unknown"u8);
            return;
        }

        var mark = writer.Open(2, "ego"u8);
        writer.Single(1, "x_m"u8, pose.X);
        writer.Single(2, "y_m"u8, pose.Y);
        writer.Single(3, "yaw_rad"u8, pose.Yaw);
        writer.Close(mark);
    }

    private static void WriteOccupancy<TWriter>(ref TWriter writer, int field, ReadOnlySpan<byte> name, ZlibEncoder? zlib, SceneForecast forecast, int map)
        where TWriter : struct, IMessageWriter
    {
        var size = forecast.Occupancy.Length / (1 + forecast.Horizons);
        var cells = forecast.Occupancy.AsSpan(map * size, size);
        var mark = writer.Open(field, name);
        writer.Bytes(1, "zlib"u8, zlib is null ? cells : zlib.Encode(cells));
        writer.Close(mark);
    }
}
