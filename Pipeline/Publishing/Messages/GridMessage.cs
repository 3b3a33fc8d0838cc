using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>Where the cells of an occupancy map lie.</summary>
internal static class GridMessage
{
    public static void Write<TWriter>(ref TWriter writer, int field, OccupancyGrid grid)
        where TWriter : struct, IMessageWriter
    {
        var mark = writer.Open(field, "grid"u8);
        writer.Double(1, "origin_x_m"u8, grid.OriginX);
        writer.Double(2, "origin_y_m"u8, grid.OriginY);
        writer.Double(3, "resolution_m"u8, grid.ResolutionM);
        writer.UInt32(4, "size_x"u8, (uint)grid.SizeX);
        writer.UInt32(5, "size_y"u8, (uint)grid.SizeY);
        writer.Close(mark);
    }
}
