import type { Connection } from "../connection.ts";
import { promoteDue } from "../scripts/promote-due.ts";
import type { SourceStream } from "../topology.ts";

/** The longest timer, in ms. When it fires, the server says how much longer to wait. */
const LONGEST_TIMER = 3_600_000;
/** When to try again after a failure, in ms. */
const RETRY_INTERVAL = 1_000;

type DelayedStream = Pick<SourceStream, "stream" | "delayed">;

/**
 * Moves delayed messages to their streams the moment they are due. Each program does so for the messages that it knows
 * of. Readers look for the messages of other programs at intervals.
 */
export class DelayTimers {
  readonly #connection: Connection;
  /** By the key of the sorted set. */
  readonly #timers = new Map<string, { readonly dueAt: number; readonly timer: NodeJS.Timeout }>();
  #stopped = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** A message of this stream is due in `delay` ms. */
  schedule({ stream, delayed }: DelayedStream, delay: number): void {
    // Real time, not the link's clock: the server decides by its own time when a message is due.
    const wait = Math.min(delay, LONGEST_TIMER);
    const dueAt = Date.now() + wait;
    const earlier = this.#timers.get(delayed);
    if (this.#stopped || (earlier !== undefined && earlier.dueAt <= dueAt)) return;
    clearTimeout(earlier?.timer);
    // A timer can fire early by less than a millisecond.
    const timer = setTimeout(() => void this.#promote({ stream, delayed }), wait + 1);
    this.#timers.set(delayed, { dueAt, timer });
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #promote(stream: DelayedStream): Promise<void> {
    this.#timers.delete(stream.delayed);
    // A reader of the stream sees the same failure in its own calls and reports it.
    const next = await promoteDue(this.#connection, stream).catch(() => RETRY_INTERVAL);
    if (next !== undefined) this.schedule(stream, next);
  }
}
