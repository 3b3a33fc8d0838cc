using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.Memory;

/// <summary>
/// Which cells of the observed map [X', Y'] are known as well as this rig ever knows them: all but those that a camera not in use would have
/// shown. A cell is in sight where cameras see at least half of it, at some height. What is usual of the cells that this rig never sees is in the
/// calibration, cell by cell, like the rest.
/// </summary>
internal sealed class SightMap
{
    private readonly OccupancyGrid _grid;
    private readonly int _rows;
    private readonly int _columns;
    private readonly bool[] _byCamera; // [C, X, Y]
    private readonly bool[] _anyCamera;
    private readonly bool[] _bySome; // [X', Y'] in sight with every camera

    /// <param name="liftValid">[C, Z, X, Y] of the rig.</param>
    public SightMap(ModelManifest manifest, ReadOnlySpan<float> liftValid)
    {
        _grid = manifest.Grid;
        _rows = manifest.Shapes.Observed[1];
        _columns = manifest.Shapes.Observed[2];
        var cells = _grid.SizeX * _grid.SizeY;
        var heights = manifest.LiftHeightsM.Count;
        _anyCamera = new bool[cells];
        _byCamera = new bool[liftValid.Length / heights];
        for (var i = 0; i < liftValid.Length; i++)
        {
            _byCamera[(i / (heights * cells) * cells) + (i % cells)] |= liftValid[i] > 0;
        }

        _bySome = new bool[_rows * _columns];
        var all = new float[_byCamera.Length / cells];
        Array.Fill(all, 1);
        Look(all);
        for (var cell = 0; cell < _bySome.Length; cell++)
        {
            _bySome[cell] = MostlySeen(cell / _columns, cell % _columns);
        }
    }

    /// <param name="mask">[C], above 0 where the camera's picture is used.</param>
    /// <param name="known">[X', Y'], filled.</param>
    /// <returns>False where nothing at all is in sight.</returns>
    public bool Fill(ReadOnlySpan<float> mask, Span<bool> known)
    {
        Look(mask);
        var any = false;
        for (var cell = 0; cell < known.Length; cell++)
        {
            var seen = MostlySeen(cell / _columns, cell % _columns);
            known[cell] = seen || !_bySome[cell];
            any |= seen;
        }

        return any;
    }

    /// <summary>Keeps, of the cells known now, those whose place was known then too, or lay outside of the map.</summary>
    /// <param name="now">The pose of now in the ego frame of then.</param>
    public void Intersect(ReadOnlySpan<bool> knownNow, ReadOnlySpan<bool> knownThen, Pose2 now, Span<bool> both)
    {
        var (sin, cos) = MathF.SinCos(now.Yaw);
        var stepX = (float)(_grid.ResolutionM * _grid.SizeX / _rows);
        var stepY = (float)(_grid.ResolutionM * _grid.SizeY / _columns);
        var (originX, originY) = ((float)_grid.OriginX, (float)_grid.OriginY);
        for (var row = 0; row < _rows; row++)
        {
            var x = originX + ((row + 0.5f) * stepX);
            for (var column = 0; column < _columns; column++)
            {
                var cell = (row * _columns) + column;
                var y = originY + ((column + 0.5f) * stepY);
                var rowThen = (int)MathF.Floor((now.X + (cos * x) - (sin * y) - originX) / stepX);
                var columnThen = (int)MathF.Floor((now.Y + (sin * x) + (cos * y) - originY) / stepY);
                var outside = (uint)rowThen >= (uint)_rows || (uint)columnThen >= (uint)_columns;
                both[cell] = knownNow[cell] && (outside || knownThen[(rowThen * _columns) + columnThen]);
            }
        }
    }

    private void Look(ReadOnlySpan<float> mask)
    {
        Array.Clear(_anyCamera);
        for (var camera = 0; camera < mask.Length; camera++)
        {
            if (mask[camera] > 0)
            {
                var own = _byCamera.AsSpan(camera * _anyCamera.Length, _anyCamera.Length);
                for (var cell = 0; cell < own.Length; cell++)
                {
                    _anyCamera[cell] |= own[cell];
                }
            }
        }
    }

    private bool MostlySeen(int row, int column)
    {
        var (firstX, endX) = Span(row, _rows, _grid.SizeX);
        var (firstY, endY) = Span(column, _columns, _grid.SizeY);
        var seen = 0;
        for (var i = firstX; i < endX; i++)
        {
            for (var j = firstY; j < endY; j++)
            {
                seen += _anyCamera[(i * _grid.SizeY) + j] ? 1 : 0;
            }
        }

        return 2 * seen >= (endX - firstX) * (endY - firstY);
    }

    /// <summary>The grid's cells that a cell of the observed map covers; at least one.</summary>
    private static (int First, int End) Span(int place, int places, int size)
    {
        var first = place * size / places;
        return (first, Math.Max(first + 1, (((place + 1) * size) + places - 1) / places));
    }
}
