using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace Forecast.Adapters.Dashboard;

/// <summary>One event of the stream as it is built: JSON written by hand into a buffer that is used again and again.</summary>
internal sealed class EventText
{
    private byte[] _bytes = new byte[48 * 1024];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public EventText Add(ReadOnlySpan<byte> text)
    {
        text.CopyTo(Room(text.Length));
        Length += text.Length;
        return this;
    }

    public EventText Add(long number)
    {
        number.TryFormat(Room(24), out var written, provider: CultureInfo.InvariantCulture);
        Length += written;
        return this;
    }

    public EventText AddBase64(ReadOnlySpan<byte> bytes)
    {
        var status = Base64.EncodeToUtf8(bytes, Room(Base64.GetMaxEncodedToUtf8Length(bytes.Length)), out _, out var written);
        System.Diagnostics.Debug.Assert(status == OperationStatus.Done, "the room was measured");
        Length += written;
        return this;
    }

    private Span<byte> Room(int bytes)
    {
        if (_bytes.Length - Length < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + bytes));
        }

        return _bytes.AsSpan(Length);
    }
}
