using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;

namespace Forecast.Replay.Recording;

/// <summary>What viewers know, made of what we know. The vehicle's frame is "vehicle", a camera's has its name.</summary>
internal static class FoxgloveMessages
{
    private const string VehicleFrame = "vehicle";
    private const ulong TypeUint8 = 1;

    /// <summary>Of the prepared picture, which is an ideal pinhole camera's: that is what the images show.</summary>
    public static byte[] Calibration(RecordedSession session, int camera)
    {
        var calibration = session.Rig.Cameras[camera];
        var lens = ModelPicture.Of(calibration, session.WidthPx, session.HeightPx).Intrinsics;
        return new ProtoWriter()
            .Moment(1, session.Start.Nanoseconds).Fixed32(2, (uint)session.WidthPx).Fixed32(3, (uint)session.HeightPx)
            .Text(4, "plumb_bob").Doubles(5, [0, 0, 0, 0, 0])
            .Doubles(6, [lens.Fx, 0, lens.Cx, 0, lens.Fy, lens.Cy, 0, 0, 1])
            .Doubles(7, [1, 0, 0, 0, 1, 0, 0, 0, 1])
            .Doubles(8, [lens.Fx, 0, lens.Cx, 0, 0, lens.Fy, lens.Cy, 0, 0, 0, 1, 0])
            .Text(9, calibration.Name)
            .Written.ToArray();
    }

    /// <summary>Where the cameras sit.</summary>
    public static byte[] Transforms(RecordedSession session)
    {
        var message = new ProtoWriter();
        foreach (var camera in session.Rig.Cameras)
        {
            var pose = camera.VehicleFromCamera;
            var transform = message.Begin(1);
            message.Moment(1, session.Start.Nanoseconds).Text(2, VehicleFrame).Text(3, camera.Name);
            var translation = message.Begin(4);
            message.Double(1, pose.Tx).Double(2, pose.Ty).Double(3, pose.Tz).End(translation);
            var rotation = message.Begin(5);
            message.Double(1, pose.Qx).Double(2, pose.Qy).Double(3, pose.Qz).Double(4, pose.Qw).End(rotation);
            message.End(transform);
        }

        return message.Written.ToArray();
    }

    /// <summary>The occupancy of now, the most probable class of each cell, 0 to 255. A viewer's columns run along x and its rows along y.</summary>
    /// <param name="cells">As large as the grid; used for the call.</param>
    public static ReadOnlySpan<byte> Occupancy(ProtoWriter message, SceneForecast forecast, OccupancyGrid grid, int classes, Span<byte> cells)
    {
        var plane = grid.SizeX * grid.SizeY;
        cells.Clear();
        for (var kind = 0; kind < classes; kind++)
        {
            var layer = forecast.Occupancy.AsSpan(kind * plane, plane);
            for (var i = 0; i < grid.SizeX; i++)
            {
                for (var j = 0; j < grid.SizeY; j++)
                {
                    ref var cell = ref cells[(j * grid.SizeX) + i];
                    cell = Math.Max(cell, layer[(i * grid.SizeY) + j]);
                }
            }
        }

        message.Clear().Moment(1, forecast.Reference.Nanoseconds).Text(2, VehicleFrame);
        var pose = message.Begin(3);
        var position = message.Begin(1);
        message.Double(1, grid.OriginX).Double(2, grid.OriginY).Double(3, 0).End(position);
        var orientation = message.Begin(2);
        message.Double(4, 1).End(orientation).End(pose);
        message.Fixed32(4, (uint)grid.SizeX);
        var size = message.Begin(5);
        message.Double(1, grid.ResolutionM).Double(2, grid.ResolutionM).End(size);
        message.Fixed32(6, (uint)grid.SizeX).Fixed32(7, 1);
        var field = message.Begin(8);
        message.Text(1, "occupancy").Fixed32(2, 0).Varint(3, TypeUint8).End(field);
        return message.Bytes(9, cells).Written;
    }

    /// <summary>Where the intended manoeuvre takes the vehicle, coloured by the risk's level.</summary>
    public static ReadOnlySpan<byte> Path(ProtoWriter message, SceneForecast forecast)
    {
        const long lifetimeNs = 1_000_000_000;
        message.Clear();
        var entity = message.Begin(2);
        message.Moment(1, forecast.Reference.Nanoseconds).Text(2, VehicleFrame).Text(3, "path").Moment(4, lifetimeNs).Bool(5, true);
        var line = message.Begin(11);
        message.Varint(1, 0).Double(3, 0.2);
        Point(message, 0, 0);
        foreach (var pose in forecast.EgoPath)
        {
            Point(message, pose.X, pose.Y);
        }

        var (red, green) = forecast.Level switch
        {
            RiskLevel.High => (1.0, 0.0),
            RiskLevel.Elevated => (1.0, 0.7),
            RiskLevel.Low => (0.0, 0.8),
            _ => (0.5, 0.5),
        };
        var colour = message.Begin(6);
        return message.Double(1, red).Double(2, green).Double(3, 0).Double(4, 1).End(colour).End(line).End(entity).Written;
    }

    private static void Point(ProtoWriter message, double x, double y)
    {
        var point = message.Begin(5);
        message.Double(1, x).Double(2, y).Double(3, 0).End(point);
    }
}
