// Foxglove's own reader and writer of MCAP (@mcap/core), for the tests and `forecast bench --mcap`: what it makes of our files, files for us to read, and its pace.
//   node mcap-peer.mjs write OUT COMPRESSION      a file of 1,000 messages; prints what is in it
//   node mcap-peer.mjs read FILE                  every record, checksums on, streamed and by index; prints what is in it
//   node mcap-peer.mjs cuts FILE N[,N...]         how many messages it streams from the first N bytes, a number a line
//   node mcap-peer.mjs time-write OUT COMPRESSION BYTES COUNT    seconds to write so many messages, the content as McapBench makes it
//   node mcap-peer.mjs time-read FILE             seconds to stream it, checksums on, and how many messages
import { crc32 } from '@foxglove/crc';
import lz4 from '@foxglove/wasm-lz4';
import zstd from '@foxglove/wasm-zstd';
import { McapIndexedReader, McapStreamReader, McapWriter } from '@mcap/core';
import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';

const chunkBytes = 1 << 20;
const readBytes = 4 << 20;

await zstd.isLoaded;
await lz4.isLoaded;
const decompressHandlers = {
  lz4: (bytes, size) => lz4(bytes, Number(size)),
  zstd: (bytes, size) => zstd.decompress(bytes, Number(size)),
};

const [command, path, ...rest] = process.argv.slice(2);
const commands = { write, read, cuts, 'time-write': timeWrite, 'time-read': timeRead };
await commands[command]();

async function write() {
  const compression = rest[0];
  await toFile(path, async (writable) => {
    const writer = new McapWriter({ writable, chunkSize: 8192, compressChunk: compressor(compression), useChunks: compression !== 'unchunked' });
    await writer.start({ profile: 'p', library: 'peer' });
    const schemaId = await writer.registerSchema({ name: 'Sample', encoding: 'jsonschema', data: new TextEncoder().encode('{}') });
    for (const topic of ['/camera', '/motion', '/notes']) {
      await writer.registerChannel({ schemaId, topic, messageEncoding: 'json', metadata: new Map([['unit', 'm']]) });
    }
    for (let i = 0; i < 1000; i++) {
      const logTime = BigInt(1000000 + i * 1000 + ((i * 7919) % 40000));
      const data = new Uint8Array(i % 400).fill(i & 255);
      await writer.addMessage({ channelId: i % 3, sequence: i, logTime, publishTime: logTime - 7n, data });
    }
    await writer.addAttachment({ logTime: 5n, createTime: 4n, name: 'a.bin', mediaType: 'application/octet-stream', data: new Uint8Array([1, 2, 3]) });
    await writer.addMetadata({ name: 'rig', metadata: new Map([['vehicle', 'Süd 1']]) });
    await writer.end();
  });
  await read();
}

async function read() {
  const file = readFileSync(path);
  const stream = new McapStreamReader({ decompressHandlers, validateCrcs: true });
  stream.append(file);
  const streamed = [];
  const counts = {};
  for (let record; (record = stream.nextRecord()); ) {
    counts[record.type] = (counts[record.type] ?? 0) + 1;
    if (record.type === 'Message') {
      streamed.push(line(record));
    } else if (record.type === 'DataEnd' && record.dataSectionCrc !== crc32(file.subarray(0, file.lastIndexOf(Buffer.from([15, 4, 0, 0, 0, 0, 0, 0, 0]))))) {
      throw new Error('data section CRC'); // the reader does not look at it
    }
  }
  if (!stream.done()) {
    throw new Error('not a whole file');
  }
  console.log(Object.entries(counts).sort().map(([type, count]) => `${type} ${count}`).join(', '));
  streamed.forEach((text) => console.log(text));
  if (counts.ChunkIndex === undefined) {
    return;
  }
  // Opening it looks at the summary's checksum.
  const indexed = await McapIndexedReader.Initialize({ readable: readable(path), decompressHandlers });
  const ordered = [];
  for await (const message of indexed.readMessages({ validateCrcs: true })) {
    ordered.push(line(message));
  }
  console.log(`indexed ${ordered.length}, CRC of the lines ${crc32(Buffer.from(ordered.join('\n')))}`);
  for await (const attachment of indexed.readAttachments({ validateCrcs: true })) {
    console.log(`attachment ${attachment.name} ${attachment.logTime} ${attachment.createTime} ${attachment.data.length} ${crc32(attachment.data)}`);
  }
  for await (const metadata of indexed.readMetadata()) {
    console.log(`metadata ${metadata.name} ${[...metadata.metadata].sort().map(([key, value]) => `${key}=${value}`).join(' ')}`);
  }
}

function cuts() {
  const file = readFileSync(path);
  for (const at of rest[0].split(',')) {
    const stream = new McapStreamReader({ decompressHandlers, validateCrcs: true });
    let messages = 0;
    try {
      stream.append(file.subarray(0, Number(at)));
      for (let record; (record = stream.nextRecord()); ) {
        messages += record.type === 'Message' ? 1 : 0;
      }
    } catch {
      // as far as it came
    }
    console.log(messages);
  }
}

async function timeWrite() {
  const [compression, bytes, count] = [rest[0], Number(rest[1]), Number(rest[2])];
  const data = content(bytes);
  const started = process.hrtime.bigint();
  await toFile(path, async (writable) => {
    const writer = new McapWriter({ writable, chunkSize: chunkBytes, compressChunk: compressor(compression) });
    await writer.start({ profile: '', library: 'peer' });
    const schemaId = await writer.registerSchema({ name: 'S', encoding: 'jsonschema', data: new TextEncoder().encode('{}') });
    const channelId = await writer.registerChannel({ schemaId, topic: '/t', messageEncoding: 'json', metadata: new Map() });
    for (let i = 0; i < count; i++) {
      const logTime = BigInt(i) * 1000000n;
      await writer.addMessage({ channelId, sequence: i, logTime, publishTime: logTime, data });
    }
    await writer.end();
  });
  console.log(Number(process.hrtime.bigint() - started) / 1e9);
}

function timeRead() {
  const started = process.hrtime.bigint();
  const stream = new McapStreamReader({ decompressHandlers, validateCrcs: true });
  const file = openSync(path, 'r');
  const buffer = new Uint8Array(readBytes);
  let messages = 0;
  for (let read; (read = readSync(file, buffer)) > 0; ) {
    stream.append(buffer.subarray(0, read));
    for (let record; (record = stream.nextRecord()); ) {
      messages += record.type === 'Message' ? 1 : 0;
    }
  }
  closeSync(file);
  console.log(Number(process.hrtime.bigint() - started) / 1e9, messages);
}

// Half of it easily compressed, half not: a linear congruential generator that C# has too.
function content(bytes) {
  const data = new Uint8Array(bytes);
  let state = 1;
  for (let i = 0; i < bytes / 2; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  return data;
}

function compressor(compression) {
  switch (compression) {
    case 'zstd':
      return (bytes) => ({ compression: 'zstd', compressedData: zstd.compress(bytes, 1) });
    default:
      return undefined;
  }
}

async function toFile(file, body) {
  const handle = openSync(file, 'w');
  let position = 0n;
  await body({
    position: () => position,
    write: async (buffer) => {
      for (let done = 0; done < buffer.byteLength; ) {
        done += writeSync(handle, buffer, done);
      }
      position += BigInt(buffer.byteLength);
    },
  });
  closeSync(handle);
}

function readable(file) {
  const handle = openSync(file, 'r');
  return {
    size: async () => BigInt(statSync(file).size),
    read: async (offset, size) => {
      const buffer = new Uint8Array(Number(size));
      readSync(handle, buffer, 0, buffer.length, Number(offset));
      return buffer;
    },
  };
}

function line(message) {
  return `${message.channelId} ${message.sequence} ${message.logTime} ${message.publishTime} ${crc32(message.data)}`;
}
