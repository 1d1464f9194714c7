import type { Body } from "../contender.ts";

/** The least duration of {@link warmUp}, in ms. */
const warmUpTime = 2_000;

const text = "x".repeat(214);

/** The body of message `n`. */
export function bodyOf(n: number): Body {
  return { n, at: performance.now(), text };
}

/** Calls `send` with each number from `from` up to but not including `to`, with `inFlight` calls pending at a time. */
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
 * Repeats a load until the code of the contender is compiled as in a service that has been running for a while: V8
 * compiles the sending code for the last time after some 70,000 messages.
 */
export async function warmUp(load: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + warmUpTime;
  do await load();
  while (performance.now() < end);
}

/** As {@link warmUp}, with a reader that handles the sent messages. `begin` gets the counter of each 10,000 messages. */
export async function warmUpReading(
  send: (n: number) => Promise<unknown>,
  begin: (counter: DistinctCount) => void,
): Promise<void> {
  await warmUp(async () => {
    const counter = new DistinctCount(10_000);
    begin(counter);
    await keepInFlight(0, 10_000, 256, send);
    await counter.complete;
  });
}

/** Starts to measure. The returned function returns the rate, and the processor time of this process per message. */
export function stopwatch(): (count: number) => { rate: number; cpu: number } {
  const began = performance.now();
  const cpu = process.cpuUsage();
  return (count) => {
    const ms = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    return { rate: (count / ms) * 1000, cpu: (user + system) / count };
  };
}

/** Counts the messages 0 to `count` - 1, each once, so that a duplicate is not counted as a message. */
export class DistinctCount {
  readonly #seen: Uint8Array;
  readonly #count: number;
  #left: number;
  readonly #complete = Promise.withResolvers<void>();

  constructor(count: number) {
    this.#seen = new Uint8Array(count);
    this.#count = count;
    this.#left = count;
  }

  /** Counts message `n`. Returns how many messages are counted by now, or 0 for a duplicate. */
  add(n: number): number {
    if (this.#seen[n] !== 0) return 0;
    this.#seen[n] = 1;
    this.#left -= 1;
    if (this.#left === 0) this.#complete.resolve();
    return this.#count - this.#left;
  }

  get complete(): Promise<void> {
    return this.#complete.promise;
  }
}
