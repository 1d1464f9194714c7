import type { RetryProgress } from "@anybroker/core/driver";

/** Offsets from one up to another, both included. */
export interface OffsetRange {
  readonly first: number;
  readonly last: number;
}

/** Offsets below `end`, and not below that of the piece before, have been exposed to this many crashes. */
export interface CrashCount {
  readonly end: number;
  readonly crashes: number;
}

/**
 * The note that a consumer commits with the offset of a partition, for the next consumer. Kafka itself keeps nothing about single
 * messages: no count of deliveries, no acks beyond the offset.
 */
export interface PartitionNote {
  /** The program that reads the partition; "" when it has left cleanly. */
  readonly owner: string;
  /** In order of `end`. */
  readonly crashCounts: readonly CrashCount[];
  /** Messages beyond the committed offset that are settled. */
  readonly settled: readonly OffsetRange[];
  /** Messages that are retried in place, by their offsets. */
  readonly progress: ReadonlyMap<number, RetryProgress>;
  /** The messages that a crash of the owner is evidence against; undefined while this may be any. */
  readonly exposed?: readonly OffsetRange[] | undefined;
}

/**
 * `anybroker:<owner>:<crash counts>:<settled>:<progress>`, with `:<exposed>` at the end if that is known. Lists are separated
 * by commas, the numbers of an item by `-`. Numbers have base 36 and up to nine digits. Offsets count from the committed
 * one, times are milliseconds since 1970.
 */
const LIST = "((?:[0-9a-z]{1,9}(?:[-,][0-9a-z]{1,9})*)?)";
const FORMAT = new RegExp(`^anybroker:([0-9a-z]*):${LIST}:${LIST}:${LIST}(?::${LIST})?$`);

/** Brokers allow 4,096 bytes unless told otherwise (`offset.metadata.max.bytes`). What is beyond this is left out. */
const MAX_LENGTH = 3_500;

/** More failures than this are none that a consumer has counted. */
const MAX_FAILURES = 1_000_000;

const NOTHING: PartitionNote = { owner: "", crashCounts: [], settled: [], progress: new Map() };

/** Reads a note that was committed with an offset. Metadata of other programs is not a note. */
export function parseNote(offset: number, metadata: string): PartitionNote {
  const match = FORMAT.exec(metadata);
  if (match === null) return NOTHING;
  const [, owner = "", crashCounts = "", settled = "", progress = "", exposed] = match;
  return {
    owner,
    crashCounts: items(crashCounts).map(([end = 0, crashes = 0]) => ({ end: offset + end, crashes })),
    settled: rangesFrom(offset, settled),
    progress: new Map(
      items(progress)
        .filter(([, failures = 0]) => failures <= MAX_FAILURES)
        .map(([at = 0, failures = 0, notBefore = 0]) => [offset + at, { failures, notBefore }]),
    ),
    exposed: exposed === undefined ? undefined : rangesFrom(offset, exposed),
  };
}

/** Writes a note; "" when there is nothing to note. */
export function formatNote(offset: number, { owner, crashCounts, settled, progress, exposed }: PartitionNote): string {
  const room = { left: MAX_LENGTH };
  // What matters most comes first: without room for it, settled messages are only delivered once more.
  const counts = listOf(
    crashCounts.filter(({ end }) => end > offset).map(({ end, crashes }) => [end - offset, crashes]),
    room,
  );
  const exposedNow = exposed === undefined ? "" : `:${listOf(numbersOf(offset, exposed), room)}`;
  const retried = listOf(
    [...progress].map(([at, { failures, notBefore }]) => [at - offset, failures, notBefore]),
    room,
  );
  const lists = `${counts}:${listOf(numbersOf(offset, settled), room)}:${retried}${exposedNow}`;
  return owner === "" && /^:*$/.test(lists) ? "" : `anybroker:${owner}:${lists}`;
}

/** Writes the items of a list for which there is room. */
function listOf(items: readonly (readonly number[])[], room: { left: number }): string {
  const kept: string[] = [];
  for (const numbers of items) {
    const text = numbers.map((number) => Math.max(0, Math.floor(number)).toString(36)).join("-");
    if (text.length + 1 > room.left) break;
    room.left -= text.length + 1;
    kept.push(text);
  }
  return kept.join(",");
}

function rangesFrom(offset: number, list: string): readonly OffsetRange[] {
  return items(list).map(([first = 0, last = first]) => ({ first: offset + first, last: offset + last }));
}

function numbersOf(offset: number, ranges: readonly OffsetRange[]): readonly (readonly number[])[] {
  return ranges.map(({ first, last }) => (first === last ? [first - offset] : [first - offset, last - offset]));
}

function items(list: string): readonly (readonly number[])[] {
  if (list === "") return [];
  return list.split(",").map((item) => item.split("-").map((number) => Number.parseInt(number, 36)));
}
