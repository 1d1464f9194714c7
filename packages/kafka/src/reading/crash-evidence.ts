/** The metadata that is committed with an offset: the three numbers of {@link CrashEvidence}. */
const METADATA = /^anybroker:starts=(\d+),(\d+),(\d+)$/;

/** How many offsets past the first unsettled message share a crash count. */
const SHARED_COUNT_OFFSETS = 256;

/**
 * From this number of starts on, the core suspects a message of killing its consumers. It then releases everything it
 * holds, sets the window to one and reads one message at a time.
 */
export const SUSPECT_STARTS = 2;

/**
 * How often consumers have started with messages of one partition and vanished before they settled them.
 *
 * Kafka does not count deliveries, so the evidence is kept as the metadata of the committed offset. It says how many
 * consumers have started with the message at that offset, and how many with the messages behind it, up to the offset
 * that is its third number. A start marker raises the counts before messages are delivered. A consumer that leaves in
 * good order takes its start marker back.
 */
export class CrashEvidence {
  /** The offset of the first message that this consumer reads. */
  first: number;
  /** The evidence that was there when this consumer began. */
  readonly #startsOfFirst: number;
  readonly #startsOfFollowing: number;
  readonly #followingEnd: number;
  /** Offsets below it are covered by a start marker that is committed. */
  #markedUpTo = -1;
  /** Offsets below it are covered by a start marker that is committed or being committed. */
  #markingUpTo = -1;

  constructor(offset: number, metadata: string) {
    const [ofFirst = 0, ofFollowing = 0, followingEnd = 0] = METADATA.exec(metadata)?.slice(1).map(Number) ?? [];
    this.first = offset;
    this.#startsOfFirst = ofFirst;
    this.#startsOfFollowing = ofFollowing;
    this.#followingEnd = followingEnd;
  }

  /** How many earlier consumers have started with the message at an offset and did not settle it. */
  startsOf(offset: number): number {
    if (offset <= this.first) return this.#startsOfFirst;
    return offset < this.#followingEnd ? this.#startsOfFollowing : 0;
  }

  /** Whether the committed start marker covers a delivery that needs the marker `needed`. */
  isMarked(needed: number): boolean {
    return needed === this.#markedUpTo;
  }

  /** Whether a start marker is on its way. */
  isMarking(needed: number): boolean {
    return needed === this.#markingUpTo;
  }

  /**
   * The start marker that must be committed before the next delivery: the offset up to which it counts. `isSuspicious`
   * says that the source has delivered a suspect before.
   */
  neededMarker(firstUnsettled: number, oneAtATime: boolean, isSuspicious: boolean): number {
    const starts = this.startsOf(firstUnsettled);
    if (oneAtATime && (isSuspicious || starts > 0)) return firstUnsettled + 1;
    // What the core is about to release untouched is not a start.
    return starts < SUSPECT_STARTS ? Number.POSITIVE_INFINITY : this.#markedUpTo;
  }

  /** A start marker goes into the next commit. */
  beginMarking(upTo: number): void {
    this.#markingUpTo = upTo;
  }

  marked(upTo: number): void {
    this.#markedUpTo = upTo;
  }

  markingFailed(): void {
    this.#markingUpTo = this.#markedUpTo;
  }

  /** Everything was released, so nothing that was delivered did harm. */
  withdraw(): void {
    this.#markedUpTo = -1;
    this.#markingUpTo = -1;
  }

  /** The metadata to commit with the offset of the first unsettled message. */
  metadataAt(offset: number): string {
    return this.#metadata(offset, this.#markingUpTo);
  }

  /** The same for a consumer that leaves in good order: without its own start marker. */
  metadataOnLeaving(offset: number): string {
    return this.#metadata(offset, -1);
  }

  #metadata(offset: number, markedUpTo: number): string {
    const next = offset + 1;
    const ofFirst = this.startsOf(offset) + (offset < markedUpTo ? 1 : 0);
    const ofFollowing = this.startsOf(next) + (next < markedUpTo ? 1 : 0);
    if (ofFirst + ofFollowing === 0) return "";
    const followingEnd = next < markedUpTo ? offset + SHARED_COUNT_OFFSETS : this.#followingEnd;
    return `anybroker:starts=${ofFirst},${ofFollowing},${followingEnd}`;
  }
}
