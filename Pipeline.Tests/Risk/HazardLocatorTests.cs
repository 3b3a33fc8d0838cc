using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Risk;

public sealed class HazardLocatorTests
{
    private readonly SceneForecast _forecast = new(TestManifest.Create(), TestRig.Of(4), 16);
    private readonly HazardLocator _locator = new(TestManifest.Create(), TestRig.Of(4));

    [Theory]
    [InlineData(4.5, 0.0, Sector.Front, 0)]
    [InlineData(0.5, 3.0, Sector.Left, 1)]
    [InlineData(0.5, -3.0, Sector.Right, 3)]
    [InlineData(-2.9, 0.5, Sector.Rear, 2)]
    public void Locate_OccupiedCellNearTheOutline_NamesSectorAndCamera(double x, double y, Sector sector, int camera)
    {
        Hazard(x, y, used: true);
        Assert.Equal((sector, camera), (_forecast.Sector, _forecast.HazardCamera));
    }

    [Fact]
    public void Locate_NoRisk_PointsNowhere()
    {
        Hazard(4.5, 0, used: true, probability: 0.01f);
        Assert.Equal((Sector.None, -1), (_forecast.Sector, _forecast.HazardCamera));
    }

    [Fact]
    public void Locate_CameraThatLooksThereIsMissing_NamesNoneThatCannotSeeIt()
    {
        Hazard(4.5, 0, used: false);
        Assert.Equal(Sector.Front, _forecast.Sector);
        Assert.NotEqual(0, _forecast.HazardCamera);
    }

    private void Hazard(double x, double y, bool used, float probability = 0.9f)
    {
        for (var camera = 0; camera < 4; camera++)
        {
            _forecast.Cameras[camera] = new CameraUse(camera != 0 || used, 0, default, used ? MissingReason.None : MissingReason.Lost);
        }

        Array.Fill(_forecast.Probability, probability, 0, 5);
        var i = (int)Math.Floor((x + 24) / 2);
        var j = (int)Math.Floor((y + 32) / 2);
        _forecast.Occupancy[(1 * 3 * 48 * 32) + (i * 32) + j] = 250; // horizon 0.5 s, where the risk grows most
        _locator.Locate(_forecast);
    }
}
