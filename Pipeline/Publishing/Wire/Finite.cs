namespace Forecast.Pipeline.Publishing.Wire;

/// <summary>Neither encoding carries NaN or infinity: a description that could meet one says why it is absent instead.</summary>
internal static class Finite
{
    public static void Require(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "a message carries finite numbers only");
        }
    }
}
