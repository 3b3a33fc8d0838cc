namespace Forecast.Adapters.Mcap;

/// <summary>The schemas and channels of a file. The first of an id holds; a later one that differs is a problem.</summary>
internal sealed class McapDefinitions(McapProblems problems)
{
    private readonly Dictionary<ushort, McapSchema> _schemas = [];
    private readonly Dictionary<ushort, McapChannel> _channels = [];
    private readonly bool[] _known = new bool[McapFormat.Channels];

    public IReadOnlyDictionary<ushort, McapSchema> Schemas => _schemas;

    public IReadOnlyDictionary<ushort, McapChannel> Channels => _channels;

    public bool Knows(ushort channel) => _known[channel];

    /// <summary>A schema of id 0 is ignored, as the specification wants it.</summary>
    public void Add(McapSchema schema, long offset)
    {
        if (schema.Id != 0 && !_schemas.TryAdd(schema.Id, schema) && !_schemas[schema.Id].SameAs(schema))
        {
            problems.Add(offset, McapProblemKind.Contradiction, $"schema {schema.Id} comes twice and differs; the first holds");
        }
    }

    public void Add(McapChannel channel, long offset)
    {
        if (_channels.TryAdd(channel.Id, channel))
        {
            _known[channel.Id] = true;
        }
        else if (!_channels[channel.Id].SameAs(channel))
        {
            problems.Add(offset, McapProblemKind.Contradiction, $"channel {channel.Id} comes twice and differs; the first holds");
        }
    }
}
