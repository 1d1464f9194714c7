import { type RetryProgress, SUSPECT_FROM } from "@anybroker/core/driver";
import { type CrashCount, formatNote, type OffsetRange, type PartitionNote, parseNote } from "./partition-note.ts";

/** How many messages from the committed offset on count as held if a vanished consumer has not noted which it held. */
const HELD_OFFSETS = 256;

/**
 * Crash evidence about the messages of one partition: what earlier consumers have noted, and the note for the next one.
 *
 * A consumer notes itself as the owner of a partition before it delivers anything of it, and takes the note back when it
 * leaves cleanly. So a note of another owner is evidence of a crash. A note of this program's own is not: the program lives,
 * and only its connection was lost.
 */
export class CrashEvidence {
  readonly #owner: string;
  readonly #found: PartitionNote;
  readonly #crashCounts: readonly CrashCount[];
  readonly #progress: Map<number, RetryProgress>;
  /** Whether commits name this program as the owner. */
  #isOwner = false;
  /** Whether they also say which messages are exposed. */
  #knowsExposed = false;
  #isMarking = false;
  #wasMarked = false;

  /**
   * `owner` names this program. `offset` and `metadata` are what is committed. `end` is the end of the partition when it was
   * taken over. Earlier consumers cannot have held messages that were written later.
   */
  constructor(owner: string, offset: number, metadata: string, end: number = Number.POSITIVE_INFINITY) {
    const found = parseNote(offset, metadata);
    const isCrash = found.owner !== "" && found.owner !== owner;
    this.#owner = owner;
    this.#found = found;
    this.#crashCounts = isCrash ? countsAfterCrash(offset, found, end) : found.crashCounts;
    this.#progress = new Map(found.progress);
  }

  /** How many crashes the message at an offset may have caused: it was exposed each time. */
  crashesOf(offset: number): number {
    return this.#crashCounts.find(({ end }) => offset < end)?.crashes ?? 0;
  }

  /** Whether an earlier consumer has settled the message at an offset. */
  isSettled(offset: number): boolean {
    return this.#found.settled.some(({ first, last }) => first <= offset && offset <= last);
  }

  progressOf(offset: number): RetryProgress | undefined {
    return this.#progress.get(offset);
  }

  keepProgress(offset: number, progress: RetryProgress): void {
    this.#progress.set(offset, progress);
  }

  forgetProgress(offset: number): void {
    if (this.#progress.size > 0) this.#progress.delete(offset);
  }

  /** Whether the server has the note that this program is the owner and may get any message. Before that it gets none. */
  get isMarked(): boolean {
    return this.#wasMarked && !this.#isMarking && !this.#knowsExposed;
  }

  /** Whether that note is on its way. */
  get isMarking(): boolean {
    return this.#isMarking;
  }

  /** Whether the note says which messages are exposed. */
  get knowsExposed(): boolean {
    return this.#knowsExposed;
  }

  /** From the next commit on this program is the owner, and may get any message. */
  beginMarking(): void {
    this.#isOwner = true;
    this.#knowsExposed = false;
    this.#isMarking = true;
  }

  marked(): void {
    this.#isMarking = false;
    this.#wasMarked = true;
  }

  markingFailed(): void {
    this.#isMarking = false;
    // The program still holds the messages that it got under an earlier note.
    this.#isOwner = this.#wasMarked;
    this.#knowsExposed = this.#wasMarked;
  }

  /** From the next commit on the note says which messages are exposed, and nothing more is delivered before it is changed. */
  noteExposed(): void {
    this.#knowsExposed = this.#isOwner;
  }

  /** Whether crashes have left traces from an offset on, so that settled messages are noted one by one. */
  hasCrashes(offset: number): boolean {
    return this.#crashCounts.some(({ end, crashes }) => end > offset && crashes > 0);
  }

  /** The metadata to commit with an offset. `settled` are the settled messages beyond it; `exposed` as in the note. */
  metadataAt(offset: number, settled: readonly OffsetRange[], exposed: readonly OffsetRange[] | undefined): string {
    return this.#note(this.#isOwner ? this.#owner : "", offset, settled, exposed);
  }

  /** The same for a consumer that leaves cleanly: without itself as the owner. */
  metadataOnLeaving(offset: number, settled: readonly OffsetRange[]): string {
    return this.#note("", offset, settled, undefined);
  }

  #note(
    owner: string,
    offset: number,
    settled: readonly OffsetRange[],
    exposed: readonly OffsetRange[] | undefined,
  ): string {
    return formatNote(offset, { owner, crashCounts: this.#crashCounts, settled, progress: this.#progress, exposed });
  }
}

/** The offsets that a consumer without a note of them may have held. Messages noted as settled were not held. */
function likelyHeld(offset: number, { settled }: PartitionNote, endOfPartition: number): readonly OffsetRange[] {
  let end = offset + HELD_OFFSETS;
  for (const { first, last } of settled) if (first < end) end += last - first + 1;
  return [{ first: offset, last: Math.min(end, endOfPartition) - 1 }];
}

/**
 * The counts after one more crash. If it is not noted which messages were exposed, suspects were not: none of them starts
 * without such a note.
 */
function countsAfterCrash(offset: number, found: PartitionNote, end: number): readonly CrashCount[] {
  const { crashCounts, exposed } = found;
  if (exposed !== undefined) return raised(crashCounts, exposed, Number.POSITIVE_INFINITY);
  return raised(crashCounts, likelyHeld(offset, found, end), SUSPECT_FROM);
}

/** Adds one to the counts of these messages, up to a maximum. */
function raised(counts: readonly CrashCount[], exposed: readonly OffsetRange[], max: number): readonly CrashCount[] {
  const ends = new Set([...counts.map(({ end }) => end), ...exposed.flatMap(({ first, last }) => [first, last + 1])]);
  const raisedCounts = [...ends]
    .sort((one, other) => one - other)
    .map((end) => {
      const before = counts.find((count) => end <= count.end)?.crashes ?? 0;
      const wasExposed = exposed.some(({ first, last }) => first < end && end <= last + 1);
      return { end, crashes: wasExposed && before < max ? before + 1 : before };
    });
  // Neighbouring pieces with the same count are one.
  return raisedCounts.filter(({ crashes }, index) => crashes !== raisedCounts[index + 1]?.crashes);
}
