import { Bytes } from "./bytes.ts";
import type { HeaderValue, KafkaRecord } from "./records.ts";
import type { FetchedPartition, PartitionOffset } from "./requests.ts";

/** Decompresses the records of a batch. The codec is Kafka's number: 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export type Decompress = (codec: number, data: Buffer) => Buffer | Promise<Buffer>;

/** The bytes of a batch up to the end of its length field, and up to its records. */
const LENGTH_END = 12;
const HEADER_LENGTH = 61;

/** Bits of a batch's attributes. */
const COMPRESSION = 7;
const APPEND_TIME = 8;
const TRANSACTIONAL = 16;
const CONTROL = 32;

/** The prototype of headers: none that could be mistaken for a header, yet as fast as an object with one. */
const BARE: object = Object.freeze(Object.create(null));

/** One partition of the response. */
interface PartitionResponse {
  /** Kafka's error code, 0 for none. */
  readonly code: number;
  /** The first offset that the partition still has. */
  readonly start: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly batches: Buffer;
}

interface AbortedTransaction {
  readonly producer: number;
  readonly firstOffset: number;
}

const NO_RESPONSE: PartitionResponse = { code: -1, start: -1, aborted: [], batches: Buffer.alloc(0) };

/**
 * Decodes the response to a fetch, in version 11 of Kafka's protocol: the records of each partition from its offset on.
 * The decoders of the client libraries take several times as long as everything else that is done with a message.
 */
export async function decodeFetchResponse(
  data: Buffer,
  requested: readonly PartitionOffset[],
  decompress: Decompress,
  errorOf: (code: number) => unknown,
): Promise<readonly FetchedPartition[]> {
  const bytes = new Bytes(data);
  // The throttle time, an error and a session, none of which the driver uses.
  bytes.at += 10;
  const responses = new Map<string, PartitionResponse>();
  bytes.list(() => {
    const topic = bytes.text();
    bytes.list(() => responses.set(`${topic}/${bytes.int32()}`, readPartition(bytes)));
  });
  const fetched: FetchedPartition[] = [];
  for (const from of requested) {
    const { topic, partition } = from;
    const response = responses.get(`${topic}/${partition}`) ?? NO_RESPONSE;
    const { next, records } = await readBatches(response, from, decompress);
    fetched.push({ topic, partition, error: errorOf(response.code), start: response.start, next, records });
  }
  return fetched;
}

function readPartition(bytes: Bytes): PartitionResponse {
  const code = bytes.int16();
  // The high watermark and the last stable offset.
  bytes.at += 16;
  const start = bytes.int64();
  const aborted = bytes.list(() => ({ producer: bytes.int64(), firstOffset: bytes.int64() }));
  // The preferred replica.
  bytes.at += 4;
  const batches = bytes.bytes(bytes.int32()) ?? Buffer.alloc(0);
  return { code, start, aborted: aborted.toSorted((one, other) => one.firstOffset - other.firstOffset), batches };
}

/**
 * The committed records from an offset on. The server sends whole batches, so the first one may begin before that
 * offset and the last one may be cut off.
 */
async function readBatches(
  { batches, aborted }: PartitionResponse,
  from: PartitionOffset,
  decompress: Decompress,
): Promise<Pick<FetchedPartition, "next" | "records">> {
  const records: KafkaRecord[] = [];
  const upcoming = [...aborted];
  /** The producers whose transaction at this offset is an aborted one. */
  const aborting = new Set<number>();
  let next = from.offset;
  for (let start = 0; start + HEADER_LENGTH <= batches.length; ) {
    const batch = new Bytes(batches, start);
    const baseOffset = batch.int64();
    start += LENGTH_END + batch.int32();
    if (start > batches.length) break;
    // The leader's epoch.
    batch.at += 4;
    if (batch.int8() !== 2) throw new Error(`${from.topic} holds records from before Kafka 0.11, which cannot be read`);
    // The checksum.
    batch.at += 4;
    const attributes = batch.int16();
    const lastOffset = baseOffset + batch.int32();
    const baseTimestamp = batch.int64();
    const maxTimestamp = batch.int64();
    const producer = batch.int64();
    // The producer's epoch and sequence.
    batch.at += 6;
    next = Math.max(next, lastOffset + 1);
    while (upcoming[0] !== undefined && upcoming[0].firstOffset <= lastOffset) {
      aborting.add(upcoming[0].producer);
      upcoming.shift();
    }
    if ((attributes & CONTROL) !== 0) {
      // The end of the producer's transaction.
      aborting.delete(producer);
      continue;
    }
    if ((attributes & TRANSACTIONAL) !== 0 && aborting.has(producer)) continue;
    const count = batch.int32();
    const codec = attributes & COMPRESSION;
    const body = codec === 0 ? batch : new Bytes(await decompress(codec, batches.subarray(batch.at, start)));
    const appendTime = (attributes & APPEND_TIME) === 0 ? undefined : maxTimestamp;
    readRecords(body, count, from, baseOffset, baseTimestamp, appendTime, records);
  }
  return { next, records };
}

/** Adds the records of one batch from an offset on. A record's own timestamp gives way to `appendTime`, if any. */
function readRecords(
  bytes: Bytes,
  count: number,
  { topic, partition, offset: from }: PartitionOffset,
  baseOffset: number,
  baseTimestamp: number,
  appendTime: number | undefined,
  into: KafkaRecord[],
): void {
  for (let left = count; left > 0; left -= 1) {
    const end = bytes.varint() + bytes.at;
    // The record's attributes.
    bytes.at += 1;
    const timestamp = baseTimestamp + bytes.varint();
    const offset = baseOffset + bytes.varint();
    if (offset >= from) {
      const key = bytes.bytes(bytes.varint());
      const value = bytes.bytes(bytes.varint());
      const headers = readHeaders(bytes);
      into.push({ topic, partition, offset, timestamp: appendTime ?? timestamp, key, value, headers });
    }
    bytes.at = end;
  }
}

function readHeaders(bytes: Bytes): KafkaRecord["headers"] {
  const headers: Record<string, HeaderValue> = Object.create(BARE);
  for (let left = bytes.varint(); left > 0; left -= 1) {
    const length = bytes.varint();
    bytes.at += length;
    const name = bytes.data.toString("utf8", bytes.at - length, bytes.at);
    const value = bytes.bytes(bytes.varint());
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else headers[name] = [before, value].flat();
  }
  return headers;
}
