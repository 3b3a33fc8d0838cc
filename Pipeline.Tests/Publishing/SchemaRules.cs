using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Forecast.Pipeline.Tests.Publishing;

/// <summary>The rules at the head of forecast.proto, held against a message that the reference implementation has read.</summary>
internal static class SchemaRules
{
    /// <summary>Every breach, as "Message.field: what".</summary>
    public static List<string> Breaches(IMessage message)
    {
        var breaches = new List<string>();
        Check(message, breaches);
        return breaches;
    }

    /// <summary>Every field of a message and of those inside it: which it is, whether it is there, and its value.</summary>
    public static IEnumerable<(FieldDescriptor Field, bool Present, object? Value)> Fields(IMessage message)
    {
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
        {
            var value = field.Accessor.GetValue(message);
            yield return (field, IsPresent(message, field), value);
            var nested = value switch
            {
                IMessage one => [one],
                System.Collections.IEnumerable many when field.IsRepeated && field.FieldType == FieldType.Message => many.Cast<IMessage>(),
                _ => Enumerable.Empty<IMessage>(),
            };
            foreach (var inside in nested.SelectMany(Fields))
            {
                yield return inside;
            }
        }
    }

    private static void Check(IMessage message, List<string> breaches)
    {
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
        {
            var value = field.Accessor.GetValue(message);
            var where = $"{message.Descriptor.Name}.{field.Name}";
            var present = IsPresent(message, field);
            var reason = message.Descriptor.FindFieldByName(field.Name + "_reason");
            var said = reason is not null && ((string)reason.Accessor.GetValue(message)).Length > 0;
            if (reason is not null && present == said)
            {
                breaches.Add($"{where}: {(present ? "is there, and so is a reason for its absence" : "is absent, without a reason")}");
            }

            if (reason is null && !present && (field.HasPresence || field.FieldType == FieldType.Enum))
            {
                breaches.Add($"{where}: is absent, and the schema gives it no reason");
            }

            CheckNumber(where, value, breaches);
            if (value is IMessage one)
            {
                Check(one, breaches);
            }
            else if (field.IsRepeated)
            {
                foreach (var item in (System.Collections.IEnumerable)value)
                {
                    CheckNumber(where, item, breaches);
                    if (item is IMessage nested)
                    {
                        Check(nested, breaches);
                    }
                }
            }
        }
    }

    private static bool IsPresent(IMessage message, FieldDescriptor field)
    {
        if (field.IsRepeated)
        {
            return ((System.Collections.IList)field.Accessor.GetValue(message)).Count > 0;
        }

        return field.HasPresence
            ? field.Accessor.HasValue(message)
            : field.Accessor.GetValue(message) switch { string text => text.Length > 0, Enum value => Convert.ToInt32(value) != 0, _ => true };
    }

    private static void CheckNumber(string where, object? value, List<string> breaches)
    {
        if (value is double number && !double.IsFinite(number) || value is float single && !float.IsFinite(single))
        {
            breaches.Add($"{where}: is not finite");
        }
    }
}
