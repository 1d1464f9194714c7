import { Bytes } from "./bytes.ts";
import type { HeaderValue, KafkaRecord } from "./records.ts";
import type { Fetched } from "./requests.ts";
import type { Place } from "./topic-partition.ts";

/** Unpacks what is packed in Kafka's way of this number: 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export type Unpack = (way: number, data: Buffer) => Buffer | Promise<Buffer>;

/** Where to read on. */
export type From = Place & { readonly offset: number };

/** Bytes of a batch before its length is over, and before its records. */
const LENGTH_END = 12;
const HEAD = 61;

const PACKED = 7;
const APPEND_TIME = 8;
const TRANSACTIONAL = 16;
const CONTROL = 32;

/** No prototype to be mistaken for a header, and as fast as an object with one. */
const BARE: object = Object.freeze(Object.create(null));

/** What a partition had, with Kafka's number of the error, if any. */
interface Answered {
  readonly code: number;
  readonly aborted: readonly Aborted[];
  readonly data: Buffer;
}

/** A transaction that was given up: of whom, and from which offset on. */
interface Aborted {
  readonly producer: number;
  readonly first: number;
}

/**
 * Reads the answer to a fetch, in version 11 of Kafka's protocol: what each place has from its offset on. The clients'
 * own readers take several times as long as all else that becomes of a message.
 */
export async function readFetched(
  data: Buffer,
  from: readonly From[],
  unpack: Unpack,
  errorOf: (code: number) => unknown,
): Promise<readonly Fetched[]> {
  const bytes = new Bytes(data);
  // How long to wait, an error and a session: nothing that we have asked for.
  bytes.at += 10;
  const answers = new Map<string, Answered>();
  bytes.list(() => {
    const topic = bytes.text();
    bytes.list(() => answers.set(`${topic}/${bytes.int32()}`, answered(bytes)));
  });
  const all: Fetched[] = [];
  for (const place of from) {
    const { topic, partition } = place;
    const answer = answers.get(`${topic}/${partition}`) ?? { code: -1, aborted: [], data: Buffer.alloc(0) };
    all.push({ topic, partition, error: errorOf(answer.code), ...(await readBatches(answer, place, unpack)) });
  }
  return all;
}

function answered(bytes: Bytes): Answered {
  const code = bytes.int16();
  // Three offsets of the partition itself.
  bytes.at += 24;
  const aborted = bytes.list(() => ({ producer: bytes.int64(), first: bytes.int64() }));
  bytes.at += 4;
  const data = bytes.bytes(bytes.int32()) ?? Buffer.alloc(0);
  return { code, aborted: aborted.toSorted((one, other) => one.first - other.first), data };
}

/** What is committed, from the place's offset on: batches are sent whole, the last one maybe cut off. */
async function readBatches(
  { data, aborted }: Answered,
  place: From,
  unpack: Unpack,
): Promise<Pick<Fetched, "next" | "records">> {
  const records: KafkaRecord[] = [];
  const abandoned = [...aborted];
  const aborting = new Set<number>();
  let next = place.offset;
  for (let start = 0; start + HEAD <= data.length; ) {
    const batch = new Bytes(data, start);
    const first = batch.int64();
    start += LENGTH_END + batch.int32();
    if (start > data.length) break;
    batch.at += 4;
    if (batch.int8() !== 2) throw new Error(`${place.topic} holds records of before Kafka 0.11, which cannot be read`);
    batch.at += 4;
    const attributes = batch.int16();
    const last = first + batch.int32();
    const times = { first: batch.int64(), appended: batch.int64() };
    const producer = batch.int64();
    batch.at += 6;
    next = Math.max(next, last + 1);
    for (let [one] = abandoned; one !== undefined && one.first <= last; [one] = abandoned) {
      aborting.add(one.producer);
      abandoned.shift();
    }
    if ((attributes & CONTROL) !== 0) aborting.delete(producer);
    else if ((attributes & TRANSACTIONAL) === 0 || !aborting.has(producer)) {
      const count = batch.int32();
      const way = attributes & PACKED;
      const body = way === 0 ? batch : new Bytes(await unpack(way, data.subarray(batch.at, start)));
      const appended = (attributes & APPEND_TIME) === 0 ? undefined : times.appended;
      readRecords(body, count, place, first, times.first, appended, records);
    }
  }
  return { next, records };
}

function readRecords(
  bytes: Bytes,
  count: number,
  { topic, partition, offset: from }: From,
  first: number,
  time: number,
  appended: number | undefined,
  into: KafkaRecord[],
): void {
  for (let left = count; left > 0; left -= 1) {
    const end = bytes.varint() + bytes.at;
    bytes.at += 1;
    const timestamp = time + bytes.varint();
    const offset = first + bytes.varint();
    if (offset >= from) {
      const key = bytes.bytes(bytes.varint());
      const value = bytes.bytes(bytes.varint());
      const headers = readHeaders(bytes);
      into.push({ topic, partition, offset, timestamp: appended ?? timestamp, key, value, headers });
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
