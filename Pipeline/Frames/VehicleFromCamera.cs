namespace Forecast.Pipeline.Frames;

/// <summary>A camera's pose with its rotation as a matrix: columns are the camera's x (right), y (down) and z (forward) in the vehicle.</summary>
public readonly struct VehicleFromCamera
{
    private readonly double _xx, _xy, _xz, _yx, _yy, _yz, _zx, _zy, _zz;
    private readonly RigidTransform _pose;

    public VehicleFromCamera(RigidTransform pose)
    {
        double w = pose.Qw, x = pose.Qx, y = pose.Qy, z = pose.Qz;
        _pose = pose;
        _xx = 1 - (2 * ((y * y) + (z * z)));
        _xy = 2 * ((x * y) - (w * z));
        _xz = 2 * ((x * z) + (w * y));
        _yx = 2 * ((x * y) + (w * z));
        _yy = 1 - (2 * ((x * x) + (z * z)));
        _yz = 2 * ((y * z) - (w * x));
        _zx = 2 * ((x * z) - (w * y));
        _zy = 2 * ((y * z) + (w * x));
        _zz = 1 - (2 * ((x * x) + (y * y)));
    }

    /// <summary>A point of the vehicle's frame as the camera has it: right, down, depth; metres.</summary>
    public (double Right, double Down, double Depth) ToCamera(double x, double y, double z)
    {
        double dx = x - _pose.Tx, dy = y - _pose.Ty, dz = z - _pose.Tz;
        return ((_xx * dx) + (_yx * dy) + (_zx * dz), (_xy * dx) + (_yy * dy) + (_zy * dz), (_xz * dx) + (_yz * dy) + (_zz * dz));
    }
}
