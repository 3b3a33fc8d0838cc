using System.Runtime.CompilerServices;
using Google.Protobuf.Reflection;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Publishing;

public sealed class SchemaTests
{
    /// <summary>Subscribers out there were built with these: a new field is added to the list, a line of it is never changed or removed.</summary>
    [Fact]
    public void Schema_Now_HoldsEveryFieldThatWasEverPublished()
    {
        var published = File.ReadAllLines(Path.Combine(Here(), "forecast-v1-fields.txt"));
        var now = Proto.ForecastReflection.Descriptor;
        var fields = now.MessageTypes.SelectMany(message => message.Fields.InDeclarationOrder()).Select(Line);
        var values = now.EnumTypes.SelectMany(type => type.Values).Select(value => $"{value.EnumDescriptor.Name}.{value.Name} = {value.Number}");
        var lines = fields.Concat(values).ToList();
        Assert.Empty(published.Except(lines));
        Assert.Empty(lines.Except(published));
    }

    [Fact]
    public void Enums_OfTheSchema_BeginWithUnspecified() =>
        Assert.All(Proto.ForecastReflection.Descriptor.EnumTypes, type => Assert.EndsWith("_UNSPECIFIED", type.FindValueByNumber(0).Name));

    [Fact]
    public void Reasons_InTheSchema_FollowTheirFieldByNumber() =>
        Assert.All(Proto.ForecastReflection.Descriptor.MessageTypes.SelectMany(message => message.Fields.InDeclarationOrder()).Where(field => field.Name.EndsWith("_reason", StringComparison.Ordinal)), reason =>
        {
            var field = reason.ContainingType.FindFieldByName(reason.Name[..^"_reason".Length]);
            Assert.Equal((field?.FieldNumber + 1, FieldType.String), (reason.FieldNumber, reason.FieldType));
        });

    private static string Line(FieldDescriptor field)
    {
        var type = field.FieldType switch
        {
            FieldType.Message => field.MessageType.Name,
            FieldType.Enum => field.EnumType.Name,
            var scalar => scalar.ToString(),
        };
        var scalarWithPresence = field.HasPresence && field.FieldType != FieldType.Message;
        return $"{field.ContainingType.Name}.{field.Name} = {field.FieldNumber} {(field.IsRepeated ? "repeated " : scalarWithPresence ? "optional " : "")}{type}";
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
