import { type Event, type History, workerOf } from "../history/event.ts";

/** How long after the end of each fault of one kind work went on, in ms. */
export interface Recoveries {
  readonly faults: number;
  /**
   * Until a process that the fault was about called a handler; for a fault of the sender, until a send was confirmed. A fault
   * is not among them when another one of the same process, its connection or the server went on or began meanwhile.
   */
  readonly times: readonly number[];
}

interface Interval {
  readonly target: string;
  readonly from: number;
  readonly to: number;
}

/** Measures how long it took until work went on after each fault, by the kind of the fault. */
export function recoveriesOf({ events }: History): ReadonlyMap<string, Recoveries> {
  const begins = events.filter((event) => event.type === "begin");
  const ofWorker = Map.groupBy(begins, ({ by }) => workerOf(by));
  const confirms = events.filter((event) => event.type === "confirmed");
  const signsOf = (target: string): readonly Event[] => {
    if (target === "server") return begins;
    return target === "driver" ? confirms : (ofWorker.get(target) ?? []);
  };
  const faults = new Map<number, Interval>();
  const found = new Map<string, { faults: number; times: number[] }>();
  for (const event of events) {
    if (event.type !== "fault") continue;
    const { target, at } = event;
    const from = faults.get(event.fault)?.from ?? at;
    faults.set(event.fault, { target, from, to: event.phase === "over" ? at : Number.POSITIVE_INFINITY });
  }
  const isDisturbed = (target: string, at: number, to: number): boolean =>
    [...faults.values()].some((other) => ["server", target].includes(other.target) && other.to > at && other.from < to);
  for (const event of events) {
    if (event.type !== "fault" || event.phase !== "over") continue;
    const name = `${event.target.replace(/-\d+$/, "")} ${event.kind}`;
    const ofKind = found.get(name) ?? { faults: 0, times: [] };
    found.set(name, ofKind);
    ofKind.faults += 1;
    const sign = firstFrom(signsOf(event.target), event.at);
    if (sign !== undefined && !isDisturbed(event.target, event.at, sign.at)) ofKind.times.push(sign.at - event.at);
  }
  return found;
}

/** The first event at or after this time. The events are in the order of time. */
function firstFrom(events: readonly Event[], at: number): Event | undefined {
  let low = 0;
  for (let high = events.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.at ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return events[low];
}
