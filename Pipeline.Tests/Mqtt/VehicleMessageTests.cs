using System.Globalization;
using System.Text;
using Forecast.Adapters.Mqtt;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>What the vehicle sends, good and hostile, without a broker.</summary>
public sealed class VehicleMessageTests
{
    private const string GoodEgo = """{"capture_time_ns":"123456789012345678","speed_mps":12.5,"yaw_rate_radps":-0.1,"acceleration_mps2":1e-1,"extra":{"a":[1,2]}}""";
    private const string GoodPlan = """{"capture_time_ns":7,"accelerations_mps2":[1,-2.5],"curvatures_1pm":[0.01,0]}""";

    [Theory]
    [InlineData(GoodEgo)]
    [InlineData("""  {"capture_time_ns":123456789012345678,"speed_mps":12.5,"yaw_rate_radps":-0.1,"acceleration_mps2":0.1} """)]
    public void ReadEgo_Good_EveryFieldAndNothingAllocated(string json)
    {
        var payload = Encoding.UTF8.GetBytes(json);
        var values = default(EgoValues);
        VehicleJson.ReadEgo(payload, ref values);
        string? problem = null;
        var allocated = SteadyState.Allocated(() => problem = VehicleJson.ReadEgo(payload, ref values) ?? VehicleLimits.Check(in values));

        Assert.Null(problem);
        Assert.Equal(0, allocated);
        Assert.Equal(new EgoValues { CaptureTimeNs = 123456789012345678, Speed = 12.5, YawRate = -0.1, Acceleration = 0.1 }, values);
    }

    [Theory]
    [InlineData("{", "JSON")]
    [InlineData("{}", "capture_time_ns is missing")]
    [InlineData("""{"capture_time_ns":"1"} {}""", "JSON")]
    [InlineData("""{"capture_time_ns":"1","speed_mps":1,"yaw_rate_radps":0}""", "acceleration_mps2 is missing")]
    [InlineData("""{"capture_time_ns":"0","speed_mps":1,"yaw_rate_radps":0,"acceleration_mps2":0}""", "not positive")]
    [InlineData("""{"capture_time_ns":"1x","speed_mps":1,"yaw_rate_radps":0,"acceleration_mps2":0}""", "no whole number")]
    [InlineData("""{"capture_time_ns":1.5,"speed_mps":1,"yaw_rate_radps":0,"acceleration_mps2":0}""", "no whole number")]
    [InlineData("""{"capture_time_ns":99999999999999999999,"speed_mps":1,"yaw_rate_radps":0,"acceleration_mps2":0}""", "no whole number")]
    [InlineData("""{"capture_time_ns":"1","speed_mps":"NaN","yaw_rate_radps":0,"acceleration_mps2":0}""", "speed_mps is no number")]
    [InlineData("""{"capture_time_ns":"1","speed_mps":NaN,"yaw_rate_radps":0,"acceleration_mps2":0}""", "JSON")]
    [InlineData("""{"capture_time_ns":"1","speed_mps":1e999,"yaw_rate_radps":0,"acceleration_mps2":0}""", "beyond 120")]
    [InlineData("""{"capture_time_ns":"1","speed_mps":-121,"yaw_rate_radps":0,"acceleration_mps2":0}""", "beyond 120")]
    [InlineData("""{"capture_time_ns":"1","speed_mps":1,"yaw_rate_radps":5.1,"acceleration_mps2":0}""", "beyond 5")]
    [InlineData("""{"capture_time_ns":"1","speed_mps":1,"yaw_rate_radps":0,"acceleration_mps2":-31}""", "beyond 30")]
    [InlineData("""{"capture_time_ns":"1","speed_mps":null,"yaw_rate_radps":0,"acceleration_mps2":0}""", "no number")]
    public void ReadEgo_Hostile_RefusedWithItsReason(string json, string reason)
    {
        var values = default(EgoValues);

        var problem = VehicleJson.ReadEgo(Encoding.UTF8.GetBytes(json), ref values) ?? VehicleLimits.Check(in values);

        Assert.NotNull(problem);
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadEgo_NestedBeyondReason_RefusedAndNotThrown()
    {
        var values = default(EgoValues);

        Assert.NotNull(VehicleJson.ReadEgo(Encoding.UTF8.GetBytes("""{"a":""" + new string('[', 4000)), ref values));
    }

    [Fact]
    public void ReadEgo_EveryTruncation_Refused()
    {
        for (var length = 0; length < GoodEgo.Length; length++)
        {
            var values = default(EgoValues);
            Assert.NotNull(VehicleJson.ReadEgo(Encoding.UTF8.GetBytes(GoodEgo[..length]), ref values) ?? VehicleLimits.Check(in values));
        }
    }

    [Fact]
    public void ReadPlan_Good_EveryStep()
    {
        var plan = new PlanValues();

        Assert.Null(VehicleJson.ReadPlan(Encoding.UTF8.GetBytes(GoodPlan), plan) ?? VehicleLimits.Check(plan));
        Assert.Equal(7, plan.CaptureTimeNs);
        Assert.Equal([1f, -2.5f], plan.Accelerations);
        Assert.Equal([0.01f, 0f], plan.Curvatures);
    }

    [Theory]
    [InlineData("""{"capture_time_ns":7,"accelerations_mps2":[1,2],"curvatures_1pm":[0]}""", "same length")]
    [InlineData("""{"capture_time_ns":7,"accelerations_mps2":[],"curvatures_1pm":[]}""", "same length")]
    [InlineData("""{"capture_time_ns":7,"accelerations_mps2":1,"curvatures_1pm":[0]}""", "must be arrays")]
    [InlineData("""{"capture_time_ns":7,"accelerations_mps2":[[1]],"curvatures_1pm":[0]}""", "no number")]
    [InlineData("""{"capture_time_ns":7,"accelerations_mps2":["1"],"curvatures_1pm":[0]}""", "no number")]
    [InlineData("""{"capture_time_ns":7,"accelerations_mps2":[31],"curvatures_1pm":[0]}""", "beyond 30")]
    [InlineData("""{"capture_time_ns":7,"accelerations_mps2":[1],"curvatures_1pm":[1.1]}""", "beyond 1/m")]
    [InlineData("""{"accelerations_mps2":[1],"curvatures_1pm":[0]}""", "is missing")]
    public void ReadPlan_Hostile_RefusedWithItsReason(string json, string reason)
    {
        var plan = new PlanValues();

        var problem = VehicleJson.ReadPlan(Encoding.UTF8.GetBytes(json), plan) ?? VehicleLimits.Check(plan);

        Assert.NotNull(problem);
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadPlan_TooManySteps_Refused()
    {
        var steps = string.Join(',', Enumerable.Repeat("0", PlanValues.MostSteps + 1));
        var json = string.Create(CultureInfo.InvariantCulture, $$"""{"capture_time_ns":7,"accelerations_mps2":[{{steps}}],"curvatures_1pm":[0]}""");

        Assert.Equal("more than 64 steps", VehicleJson.ReadPlan(Encoding.UTF8.GetBytes(json), new PlanValues()));
    }

    [Fact]
    public void ReadEgo_Protobuf_EveryFieldUnknownOnesPassedOver()
    {
        byte[] payload =
        [
            0x08, 0xAC, 0x02, 0x15, .. BitConverter.GetBytes(12.5f), 0x1D, .. BitConverter.GetBytes(-0.1f), 0x25, .. BitConverter.GetBytes(0.5f),
            0x7A, 0x02, 1, 2, 0x70, 0x05,
        ];
        var values = default(EgoValues);

        Assert.False(VehicleJson.LooksLikeJson(payload));
        Assert.Null(VehicleProtobuf.ReadEgo(payload, ref values) ?? VehicleLimits.Check(in values));
        Assert.Equal(new EgoValues { CaptureTimeNs = 300, Speed = 12.5f, YawRate = -0.1f, Acceleration = 0.5f }, values);
    }

    [Fact]
    public void ReadPlan_Protobuf_PackedAndNot()
    {
        byte[] payload =
        [
            0x08, 0x07, 0x12, 0x08, .. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(2f), 0x1D, .. BitConverter.GetBytes(0.1f), 0x1D, .. BitConverter.GetBytes(0.2f),
        ];
        var plan = new PlanValues();

        Assert.Null(VehicleProtobuf.ReadPlan(payload, plan) ?? VehicleLimits.Check(plan));
        Assert.Equal([1f, 2f], plan.Accelerations);
        Assert.Equal([0.1f, 0.2f], plan.Curvatures);
    }

    [Fact]
    public void Read_RandomBytes_NeverThrows()
    {
        var random = new Random(20261122);
        var payload = new byte[64];
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(payload);
            var span = payload.AsSpan(0, random.Next(payload.Length));
            if (i % 2 == 0 && span.Length > 0)
            {
                span[0] = (byte)'{';
            }

            var values = default(EgoValues);
            var plan = new PlanValues();
            var egoProblem = (VehicleJson.LooksLikeJson(span) ? VehicleJson.ReadEgo(span, ref values) : VehicleProtobuf.ReadEgo(span, ref values)) ?? VehicleLimits.Check(in values);
            var planProblem = (VehicleJson.LooksLikeJson(span) ? VehicleJson.ReadPlan(span, plan) : VehicleProtobuf.ReadPlan(span, plan)) ?? VehicleLimits.Check(plan);
            Assert.True(egoProblem is not null || Math.Abs(values.Speed!.Value) <= 120);
            Assert.True(planProblem is not null || plan.Accelerations.Length > 0);
        }
    }
}

/// <summary>The same over a real broker.</summary>
[Collection(BrokerTests.Name)]
public sealed class MqttEgoMotionSourceTests(BrokerFixture fixture)
{
    [Fact]
    public void OnEgo_GoodAndBadMessages_SamplesInOrderAndEachRefusalCounted()
    {
        var topicBase = fixture.NewBase();
        var time = new TestTimeProvider();
        var clock = new RigClock(time);
        using var connection = fixture.NewConnection();
        using var source = new MqttEgoMotionSource(connection, topicBase, clock);
        var listener = new Heard();
        source.Start(listener);
        connection.Start();
        using var vehicle = fixture.NewConnection();
        var ego = vehicle.CreateTopic(topicBase + TopicTable.InEgo.Name, 1, retain: false, new MqttProperties());
        var plan = vehicle.CreateTopic(topicBase + TopicTable.InPlan.Name, 1, retain: false, new MqttProperties());
        vehicle.Start();
        Eventually.True(() => vehicle.IsConnected && connection.IsConnected, "not connected");
        Eventually.True(() =>
        {
            vehicle.Publish(plan, """{"capture_time_ns":"5","accelerations_mps2":[1],"curvatures_1pm":[0.1]}"""u8);
            return listener.Plans.Length > 0;
        }, "no plan came");

        vehicle.Publish(ego, """{"capture_time_ns":"1000","speed_mps":10,"yaw_rate_radps":0.5,"acceleration_mps2":-1}"""u8);
        vehicle.Publish(ego, "rubbish"u8);
        vehicle.Publish(ego, new byte[MqttEgoMotionSource.LargestMessage + 1]);
        vehicle.Publish(ego, ReadOnlySpan<byte>.Empty);
        vehicle.Publish(ego, """{"capture_time_ns":"2000","speed_mps":500,"yaw_rate_radps":0.5,"acceleration_mps2":-1}"""u8);
        vehicle.Publish(ego, """{"capture_time_ns":"3000","speed_mps":11,"yaw_rate_radps":0.5,"acceleration_mps2":-1}"""u8);

        Eventually.True(() => listener.Samples.Length == 2, "the samples did not come");
        Assert.Equal(new EgoSample(new Timestamp(1000), clock.Now, 10, 0.5f, -1), listener.Samples[0]);
        Assert.Equal(3000, listener.Samples[1].CaptureTime.Nanoseconds);
        Assert.Equal(4, listener.Reasons.Length);
        Assert.Contains("larger than 8 KiB", listener.Reasons);
        Assert.Contains("empty", listener.Reasons);
        Assert.Equal(new Timestamp(5), listener.Plans[0].CaptureTime);
        Assert.Equal(0, connection.HandlerFailures);
    }

    private sealed class Heard : IEgoMotionListener
    {
        private readonly Lock _gate = new();
        private readonly List<EgoSample> _samples = [];
        private readonly List<PlanSample> _plans = [];
        private readonly List<string> _reasons = [];

        public EgoSample[] Samples { get { lock (_gate) { return [.. _samples]; } } }

        public PlanSample[] Plans { get { lock (_gate) { return [.. _plans]; } } }

        public string[] Reasons { get { lock (_gate) { return [.. _reasons]; } } }

        public void OnEgo(in EgoSample sample) { lock (_gate) { _samples.Add(sample); } }

        public void OnPlan(PlanSample plan) { lock (_gate) { _plans.Add(plan); } }

        public void OnRejected(string reason) { lock (_gate) { _reasons.Add(reason); } }
    }
}
