import { setTimeout as sleep } from "node:timers/promises";
import type { Delivery } from "@anybroker/core/driver";
import { CODES, kafkaCodeOf } from "../protocol/error-codes.ts";
import type { CommittedOffset } from "../protocol/requests.ts";
import type { Membership } from "./membership.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { SourceContext } from "./source-context.ts";

/**
 * How long acks may stay uncommitted, in ms. After a crash these messages are delivered again. The short time applies
 * from {@link MANY_ACKS} on, or from a quarter of the window on if that is more.
 */
const COMMIT_WAIT = 100;
const COMMIT_WAIT_WHEN_MANY = 2;
const MANY_ACKS = 16;

/** How often to try to note what is exposed while the group rebalances, in ms. */
const NOTE_WAIT = 50;

/** At this multiple of "many", nothing more is delivered until acks are committed. */
const MAX_UNCOMMITTED = 16;

/** Commits settled messages, for all partitions of a source together. At most one commit is in flight. */
export class Commits {
  readonly #context: SourceContext;
  readonly #membership: Membership;
  /** The most messages that the core holds. */
  readonly #window: number;
  /** Acks since the last commit, and before it while it is in flight. */
  #acks = 0;
  #acksInFlight = 0;
  #timer: NodeJS.Timeout | undefined;
  #inFlight: Promise<void> | undefined;

  constructor(context: SourceContext, membership: Membership, window: number) {
    this.#context = context;
    this.#membership = membership;
    this.#window = window;
  }

  /** Whether nothing more may be delivered until acks are committed. */
  get isFull(): boolean {
    return this.#acks + this.#acksInFlight >= MAX_UNCOMMITTED * this.#many;
  }

  /** Counts an ack, which is committed soon. */
  acked(): void {
    this.#acks += 1;
    if (this.#acks !== this.#many) {
      this.#timer ??= setTimeout(this.#onTimer, COMMIT_WAIT);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onTimer, COMMIT_WAIT_WHEN_MANY);
  }

  /** Commits now. Returns false when that must wait for the end of a rebalance. A failure ends the source. */
  async commitNow(): Promise<boolean> {
    try {
      return await this.flush(this.#context.ended);
    } catch (error) {
      if (kafkaCodeOf(error) !== CODES.rebalancing) this.#context.fail(error);
      return false;
    }
  }

  /** Notes this program as the owner of partitions. Once that is committed, their messages may be delivered. */
  async markOwner(logs: readonly PartitionLog[]): Promise<void> {
    for (const { evidence } of logs) evidence.beginMarking();
    const isCommitted = await this.commitNow();
    for (const { evidence } of logs) {
      if (isCommitted) evidence.marked();
      else evidence.markingFailed();
    }
    this.#context.wakeup.wake();
  }

  /** Commits everything settled. Returns false when that must wait for the end of a rebalance. */
  flush(signal: AbortSignal): Promise<boolean> {
    return this.#commit((log) => log.uncommitted, signal);
  }

  /**
   * Commits everything settled, and notes what is exposed. Nothing more is delivered before the owner is noted again. Waits
   * for the end of a rebalance: a crash that follows must find the note.
   */
  async noteExposed(exposed: ReadonlySet<Delivery>, signal: AbortSignal): Promise<void> {
    const { partitions, ended } = this.#context;
    const over = AbortSignal.any([signal, ended]);
    for (const log of partitions.all) log.noteExposed(exposed);
    while (!over.aborted && !(await this.commitNow()))
      await sleep(NOTE_WAIT, undefined, { signal: over }).catch(() => {});
  }

  /** Commits everything settled before the partitions are given up cleanly. */
  flushOnLeaving(signal: AbortSignal): Promise<boolean> {
    return this.#commit((log) => log.uncommittedOnLeaving, signal);
  }

  /** Waits until no commit is in flight, whether it fails or not. */
  async idle(): Promise<void> {
    await this.#inFlight?.catch(() => {});
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  get #many(): number {
    return Math.max(MANY_ACKS, this.#window >> 2);
  }

  readonly #onTimer = (): void => void this.commitNow();

  async #commit(
    uncommittedOf: (log: PartitionLog) => CommittedOffset | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { partitions, ended, wakeup } = this.#context;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#inFlight !== undefined) await this.idle();
    if (partitions.isRebalancing || ended.aborted) return false;
    const logs: PartitionLog[] = [];
    const offsets: CommittedOffset[] = [];
    for (const log of partitions.all) {
      const offset = uncommittedOf(log);
      if (offset === undefined) continue;
      logs.push(log);
      offsets.push(offset);
    }
    this.#acksInFlight = this.#acks;
    this.#acks = 0;
    if (offsets.length > 0) {
      this.#inFlight = this.#membership.commit(offsets, signal).finally(() => {
        this.#inFlight = undefined;
      });
      await this.#inFlight;
      for (const [index, log] of logs.entries()) log.committed = offsets[index] ?? log.committed;
    }
    this.#acksInFlight = 0;
    wakeup.wake();
    return true;
  }
}
