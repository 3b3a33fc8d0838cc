using Forecast.Pipeline.Frames;

namespace Forecast.Replay.Recording;

/// <summary>forecast.recording.v1.ModelInput, borrowed from where it was read.</summary>
internal ref struct RecordedInput
{
    public int Camera { get; private set; }

    public long Number { get; private set; }

    public Timestamp CaptureTime { get; private set; }

    public Timestamp ArrivalTime { get; private set; }

    public FrameCosts Times { get; private set; }

    public PictureContent Content { get; private set; }

    public int WidthPx { get; private set; }

    public int HeightPx { get; private set; }

    public ulong Order { get; private set; }

    /// <summary>uint8 [height, width, 3], BGR.</summary>
    public ReadOnlySpan<byte> Pixels { get; private set; }

    /// <returns>False: it is malformed, or its picture is not as large as it says.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out RecordedInput input)
    {
        input = default;
        var fields = new ProtoReader(message);
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case 1: input.Camera = (int)fields.Value; break;
                case 2: input.Number = fields.Int64; break;
                case 3: input.CaptureTime = new Timestamp(fields.Int64); break;
                case 4: input.ArrivalTime = new Timestamp(fields.Int64); break;
                case 5: input.Times = input.Times with { DecodeNs = fields.Int64 }; break;
                case 6: input.Times = input.Times with { PrepareNs = fields.Int64 }; break;
                case 7: input.Content = input.Content with { Fingerprint = fields.Value }; break;
                case 8: input.Content = input.Content with { MeanLevel = fields.Single }; break;
                case 9: input.Content = input.Content with { SpreadLevel = fields.Single }; break;
                case 10: input.WidthPx = (int)fields.Value; break;
                case 11: input.HeightPx = (int)fields.Value; break;
                case 12: input.Order = fields.Value; break;
                case 15: input.Pixels = fields.Content; break;
                default: break;
            }
        }

        return !fields.IsMalformed && input.Pixels.Length == (long)input.WidthPx * input.HeightPx * 3;
    }
}
