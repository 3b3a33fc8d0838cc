using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>Which model speaks, what it was trained and calibrated on, and what it has been measured to be worth. Retained; may allocate.</summary>
internal static class ModelMessage
{
    public static void Write<TWriter>(ref TWriter writer, MessageConstants constants, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        var manifest = constants.Manifest;
        EnvelopeMessage.WriteRetained(ref writer, constants, stamp);
        writer.Text(2, "name"u8, constants.ModelName);
        writer.Text(3, "version"u8, MessageConstants.Utf8(manifest.Version));
        writer.Text(4, "sha256"u8, constants.ModelSha256);
        writer.Text(5, "licence"u8, MessageConstants.Utf8(manifest.Licence));
        writer.Text(6, "trained_on"u8, MessageConstants.Utf8(manifest.TrainedOn));
        writer.Text(7, "calibration_domain"u8, MessageConstants.Utf8(manifest.CalibrationDomain));
        writer.UInt32(8, "input_width_px"u8, (uint)manifest.InputWidthPx);
        writer.UInt32(9, "input_height_px"u8, (uint)manifest.InputHeightPx);
        writer.UInt32(10, "cameras_min"u8, (uint)manifest.CamerasMin);
        writer.UInt32(11, "cameras_max"u8, (uint)manifest.CamerasMax);
        writer.Double(12, "tick_period_s"u8, manifest.TickPeriod.TotalSeconds);
        writer.Doubles(13, "horizons_s"u8, constants.HorizonsS);
        writer.Text(14, "collision_definition"u8, constants.CollisionDefinition);
        writer.TextList(15, "manoeuvres"u8, constants.Manoeuvres);
        GridMessage.Write(ref writer, 16, manifest.Grid);
        writer.TextList(17, "occupancy_classes"u8, constants.OccupancyClasses);
        writer.Text(18, "bound_method"u8, constants.BoundMethod);
        writer.Double(19, "bound_alpha"u8, manifest.Calibration.UpperBound.Alpha);
        writer.UInt32(20, "bound_n"u8, (uint)manifest.Calibration.UpperBound.SampleCount);
        WriteLevels(ref writer, 21, "levels"u8, manifest.Levels);
        writer.OpenList("skill"u8);
        foreach (var figure in manifest.Skill)
        {
            var item = writer.OpenItem(22);
            WriteSkill(ref writer, figure);
            writer.CloseItem(item);
        }

        writer.CloseList();
        if (manifest.LevelsEgoEstimated is { } apart)
        {
            WriteLevels(ref writer, 23, "levels_ego_estimated"u8, apart);
        }
        else
        {
            writer.Absent(23, "levels_ego_estimated"u8, "as_levels"u8);
        }

        if (manifest.CalibrationSha256 is { } sha256)
        {
            writer.Text(25, "calibration_sha256"u8, MessageConstants.Utf8(sha256));
        }
        else
        {
            writer.Absent(25, "calibration_sha256"u8, "the_models_own"u8);
        }

        WriteSurprise(ref writer, 27, "surprise"u8, manifest.Calibration.Surprise);
        WriteSurprise(ref writer, 29, "surprise_ego_estimated"u8, manifest.Calibration.SurpriseEgoEstimated);
    }

    private static void WriteSurprise<TWriter>(ref TWriter writer, int field, ReadOnlySpan<byte> name, SurpriseCalibration? surprise)
        where TWriter : struct, IMessageWriter
    {
        if (surprise is null)
        {
            writer.Absent(field, name, "not_calibrated"u8);
            return;
        }

        var mark = writer.Open(field, name);
        writer.Text(1, "statistic"u8, MessageConstants.Utf8(surprise.Statistic));
        if (surprise.WorstCells is { } worst)
        {
            writer.UInt32(2, "worst_cells"u8, (uint)worst);
        }
        else
        {
            writer.Absent(2, "worst_cells"u8, "all_cells"u8);
        }

        writer.Doubles(4, "horizons_s"u8, [.. surprise.Norms.Select(norm => norm.HorizonS)]);
        writer.Double(5, "threshold"u8, surprise.Threshold);
        writer.UInt32(6, "m"u8, (uint)surprise.M);
        writer.UInt32(7, "n"u8, (uint)surprise.N);
        writer.Double(8, "false_alarms_per_hour"u8, surprise.FalseAlarmsPerHour);
        writer.Double(9, "measured_hours"u8, surprise.MeasuredHours);
        if (surprise.OwnMotion is { } own)
        {
            writer.UInt32(10, "own_motion_ticks"u8, (uint)own.Ticks);
        }
        else
        {
            writer.Absent(10, "own_motion_ticks"u8, "not_said"u8);
        }

        writer.Close(mark);
    }

    private static void WriteLevels<TWriter>(ref TWriter writer, int field, ReadOnlySpan<byte> name, RiskLevels levels)
        where TWriter : struct, IMessageWriter
    {
        var mark = writer.Open(field, name);
        writer.Double(1, "horizon_s"u8, levels.HorizonS);
        writer.Double(2, "elevated_rise"u8, levels.Elevated.Rise);
        writer.Double(3, "elevated_fall"u8, levels.Elevated.Fall);
        writer.Double(4, "high_rise"u8, levels.High.Rise);
        writer.Double(5, "high_fall"u8, levels.High.Fall);
        writer.UInt32(6, "alarm_m"u8, (uint)levels.AlarmM);
        writer.UInt32(7, "alarm_n"u8, (uint)levels.AlarmN);
        writer.Close(mark);
    }

    private static void WriteSkill<TWriter>(ref TWriter writer, SkillFigure figure)
        where TWriter : struct, IMessageWriter
    {
        writer.Text(1, "name"u8, MessageConstants.Utf8(figure.Name));
        writer.Double(2, "value"u8, figure.Value);
        writer.Double(3, "low"u8, figure.Low);
        writer.Double(4, "high"u8, figure.High);
        writer.DoubleOr(5, "blind"u8, figure.Blind ?? double.NaN, "not_measured"u8);
        writer.Text(7, "gate"u8, MessageConstants.Utf8(figure.Gate ?? ""));
        if (figure.Passes is { } passes)
        {
            writer.Bool(8, "passes"u8, passes);
        }
        else
        {
            writer.Absent(8, "passes"u8, "no_gate"u8);
        }
    }
}
