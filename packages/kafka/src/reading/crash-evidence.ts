import type { RetryProgress } from "@anybroker/core/driver";
import { type CrashCount, formatNote, type OffsetRange, type PartitionNote, parseNote } from "./partition-note.ts";

/** How many messages from the committed offset on a vanished consumer is taken to have held. */
const HELD_OFFSETS = 256;

/**
 * What is known of the messages of one partition from consumers that read it before, and what the next consumer is to know.
 *
 * A consumer notes itself as the owner of a partition before it delivers anything of it, and takes the note back when it
 * leaves in good order. So a note of another owner is evidence of a crash. A note of this program's own is none: the program
 * lives, and only its connection was lost.
 */
export class CrashEvidence {
  readonly #owner: string;
  readonly #found: PartitionNote;
  readonly #crashCounts: readonly CrashCount[];
  readonly #progress: Map<number, RetryProgress>;
  #marked = false;
  #marking = false;

  /** `owner` names this program. `offset` and `metadata` are what is committed. */
  constructor(owner: string, offset: number, metadata: string) {
    const found = parseNote(offset, metadata);
    const isCrash = found.owner !== "" && found.owner !== owner;
    this.#owner = owner;
    this.#found = found;
    this.#crashCounts = isCrash ? raised(found.crashCounts, endOfHeld(offset, found.settled)) : found.crashCounts;
    this.#progress = new Map(found.progress);
  }

  /** How many crashes the message at an offset may have caused: it was held each time. */
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

  /** Whether this program is noted as the owner. Before that nothing may be delivered. */
  get isMarked(): boolean {
    return this.#marked;
  }

  /** Whether the note of the owner is on its way. */
  get isMarking(): boolean {
    return this.#marking;
  }

  /** This program is the owner in the next commit. */
  beginMarking(): void {
    this.#marking = true;
  }

  marked(): void {
    this.#marked = true;
  }

  markingFailed(): void {
    this.#marking = this.#marked;
  }

  /** Whether crashes have left traces from an offset on, so that settled messages are noted one by one. */
  hasCrashes(offset: number): boolean {
    return this.#crashCounts.some(({ end, crashes }) => end > offset && crashes > 0);
  }

  /** The metadata to commit with an offset. `settled` are the settled messages beyond it. */
  metadataAt(offset: number, settled: readonly OffsetRange[]): string {
    return this.#note(this.#marking ? this.#owner : "", offset, settled);
  }

  /** The same for a consumer that leaves in good order: without itself as the owner. */
  metadataOnLeaving(offset: number, settled: readonly OffsetRange[]): string {
    return this.#note("", offset, settled);
  }

  #note(owner: string, offset: number, settled: readonly OffsetRange[]): string {
    return formatNote(offset, { owner, crashCounts: this.#crashCounts, settled, progress: this.#progress });
  }
}

/** The offset after the last one that a consumer may have held. Messages that are noted as settled were not held. */
function endOfHeld(offset: number, settled: readonly OffsetRange[]): number {
  let end = offset + HELD_OFFSETS;
  for (const { first, last } of settled) if (first < end) end += last - first + 1;
  return end;
}

/** The counts after one more crash of a consumer that held everything below `end`. */
function raised(counts: readonly CrashCount[], end: number): readonly CrashCount[] {
  const ends = [...new Set([...counts.map((one) => one.end), end])].sort((one, other) => one - other);
  return ends.map((one) => {
    const before = counts.find((count) => one <= count.end)?.crashes ?? 0;
    return { end: one, crashes: before + (one <= end ? 1 : 0) };
  });
}
