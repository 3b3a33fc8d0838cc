using System.Text.Json;
using System.Text.Unicode;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>JSON in which no name stands twice and every text can be read. The library alone lets bytes pass that are no UTF-8, or half a surrogate pair, and throws at whoever asks for that text later.</summary>
internal static class JsonText
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <exception cref="JsonException">It is no such JSON; with a line where the library knows one.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json) =>
        Utf8.IsValid(json.Span) && TextsAreWhole(json.Span) ? JsonDocument.Parse(json, Strict) : throw new JsonException("a text is no UTF-8");

    /// <summary>True also for what is no JSON: the document's own parser says where.</summary>
    private static bool TextsAreWhole(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                {
                    _ = reader.GetString();
                }
            }
        }
        catch (InvalidOperationException)
        {
            return false;
        }
        catch (JsonException)
        {
            return true;
        }

        return true;
    }
}
