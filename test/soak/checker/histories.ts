// Small histories, written by hand. Times are in ms.
import type { Event, Fact, History, Setup, Step } from "../history/event.ts";

export const setup: Setup = {
  title: "paper, seed 1",
  command: "npm run test:soak -- paper --seed 1",
  seed: 1,
  sources: [
    { name: "plain", to: "plain", ordered: false },
    { name: "strict", to: "strict", ordered: true },
    { name: "news/a", to: "news", ordered: false },
    { name: "news/b", to: "news", ordered: true },
  ],
  workers: ["worker-1", "worker-2"],
  attempts: 3,
  waits: [100, 200],
  lease: 1_000,
  keepsProgress: false,
  rebalances: false,
  delayedKeepKeys: true,
};

/** The history with these events, in the order of time. Events of one time stay as they are. */
export function historyOf(parts: readonly (readonly Event[])[], changes: Partial<Setup> = {}): History {
  return { setup: { ...setup, ...changes }, events: parts.flat().sort((one, other) => one.at - other.at) };
}

export function fact(at: number, what: Fact, by = "driver"): readonly Event[] {
  return [{ at, by, ...what }];
}

interface Sending {
  readonly to?: string;
  readonly key?: string;
  readonly delay?: number;
  readonly steps?: Readonly<Record<string, Partial<Step>>>;
  /** When the send resolves. @default 1 ms after the call */
  readonly confirmed?: number;
}

const doing = (step: Partial<Step>): Step => ({ work: 0, fails: 0, by: "throw", ...step });

/** A message that is sent, to the queue `plain` if nothing else is said, and confirmed. */
export function sent(
  message: string,
  at: number,
  { to = "plain", confirmed = at + 1, ...options }: Sending = {},
): readonly Event[] {
  const { steps, ...rest } = options;
  const all = Object.entries(steps ?? {}).map(([source, step]) => [source, doing(step)] as const);
  const call: Fact = { type: "send", message, to, ...rest, ...(all.length > 0 && { steps: Object.fromEntries(all) }) };
  return [...fact(at, call), ...fact(confirmed, { type: "confirmed", message })];
}

interface Running {
  readonly attempt?: number;
  readonly life?: string;
  readonly ends?: "done" | "failed" | "refused" | "killing" | "never";
  readonly delay?: number;
}

/** A run of a handler on the source, from one time to the other, with success if nothing else is said. */
export function run(
  message: string,
  source: string,
  from: number,
  to: number,
  options: Running = {},
): readonly Event[] {
  const { attempt = 1, life = "worker-1.1", ends = "done", delay } = options;
  const name = `${message} at ${from} in ${life}`;
  const begin = fact(from, { type: "begin", run: name, message, source, attempt }, life);
  if (ends === "never") return begin;
  const end: Fact =
    ends === "failed"
      ? { type: "failed", run: name, ...(delay === undefined ? {} : { delay }) }
      : { type: ends, run: name };
  return [...begin, ...fact(to, end, life)];
}

let faults = 0;

/** A fault of a worker's life, of the driver's connection, or of the server. */
export function fault(kind: string, whose: string, from: number, to: number): readonly Event[] {
  faults += 1;
  const target = whose.replace(/\.\d+$/, "");
  const about = { type: "fault", fault: faults, kind, target, ...(target === whose ? {} : { life: whose }) } as const;
  return [...fact(from, { ...about, phase: "begin" }), ...fact(to, { ...about, phase: "over" })];
}

/** Later than any event of a real history. */
export const AFTER_ALL = 1e12;

/** A dead letter that is found at the end. */
export function dead(message: string, source: string, reason: string, attempts: number | undefined): readonly Event[] {
  return fact(AFTER_ALL, { type: "dead", source, message, reason, attempts });
}

/** The messages of the source that the server still has at the end. */
export function left(source: string, ready: number, delayed = 0, inFlight = 0): readonly Event[] {
  return fact(AFTER_ALL, { type: "left", source, ready, delayed, inFlight });
}
