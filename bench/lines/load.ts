import type { Body } from "../contender.ts";

/** How long {@link warmUp} takes at least, in milliseconds. */
const warm = 2_000;

const text = "x".repeat(214);

/** Body number `n`. */
export function bodyOf(n: number): Body {
  return { n, at: performance.now(), text };
}

/** Calls `send` for the numbers from `from` to before `to`, with `inFlight` of them unresolved at a time. */
export async function keepInFlight(
  from: number,
  to: number,
  inFlight: number,
  send: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = from;
  const loop = async (): Promise<void> => {
    while (next < to) {
      const n = next;
      next += 1;
      await send(n);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

/**
 * Does it again and again, until the code of the contender is compiled as in a service that has been running for a
 * while: V8 compiles what sends for the last time after some 70,000 messages.
 */
export async function warmUp(load: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + warm;
  do await load();
  while (performance.now() < end);
}

/** As {@link warmUp}, by sending while a reader handles what comes; `begin` is told by what each 10,000 are counted. */
export async function warmUpReading(
  send: (n: number) => Promise<unknown>,
  begin: (tally: Tally) => void,
): Promise<void> {
  await warmUp(async () => {
    const tally = new Tally(10_000);
    begin(tally);
    await keepInFlight(0, 10_000, 256, send);
    await tally.all;
  });
}

/** Figures of a stretch of work on `count` messages: the rate, and the processor time of this process for each. */
export function stopwatch(): (count: number) => { rate: number; cpu: number } {
  const began = performance.now();
  const cpu = process.cpuUsage();
  return (count) => {
    const ms = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    return { rate: (count / ms) * 1000, cpu: (user + system) / count };
  };
}

/** Counts each number of `count` once, so that a duplicate does not pass for a message. */
export class Tally {
  readonly #seen: Uint8Array;
  readonly #count: number;
  #left: number;
  readonly #all = Promise.withResolvers<void>();

  constructor(count: number) {
    this.#seen = new Uint8Array(count);
    this.#count = count;
    this.#left = count;
  }

  /** How many have been counted with this one; 0 for a duplicate. */
  add(n: number): number {
    if (this.#seen[n] !== 0) return 0;
    this.#seen[n] = 1;
    this.#left -= 1;
    if (this.#left === 0) this.#all.resolve();
    return this.#count - this.#left;
  }

  get all(): Promise<void> {
    return this.#all.promise;
  }
}
