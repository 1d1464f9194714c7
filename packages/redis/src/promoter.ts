import type { Connection } from "./connection.ts";
import { PROMOTE } from "./scripts.ts";
import type { Feed } from "./topology.ts";

/** The longest that is waited before the server is asked again, in milliseconds. */
const LONGEST = 3_600_000;
/** After a failure, or when there is too much at once, in milliseconds. */
const SOON = 1_000;

/**
 * Moves delayed messages to their streams the moment they are due. Each program does so for those it knows of; readers
 * look now and then for those of others.
 */
export class Promoter {
  readonly #connection: Connection;
  readonly #due = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>();
  #stopped = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Something will be due in so many milliseconds. */
  arm({ stream, delay }: Pick<Feed, "stream" | "delay">, wait: number): void {
    // Real time, as the server's is: no clock of ours decides it.
    const at = Date.now() + Math.min(wait, LONGEST);
    const known = this.#due.get(delay);
    if (this.#stopped || (known !== undefined && known.at <= at)) return;
    clearTimeout(known?.timer);
    // A timer may be early by less than a millisecond.
    const timer = setTimeout(() => void this.#promote(stream, delay), Math.min(wait, LONGEST) + 1);
    this.#due.set(delay, { at, timer });
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#due.values()) clearTimeout(timer);
    this.#due.clear();
  }

  async #promote(stream: string, delay: string): Promise<void> {
    this.#due.delete(delay);
    // What fails now is tried again; a reader of the stream is told by its own calls.
    const next = await this.#connection.run(PROMOTE, [stream, delay]).catch(() => SOON);
    if (Number(next) >= 0) this.arm({ stream, delay }, Number(next));
  }
}
