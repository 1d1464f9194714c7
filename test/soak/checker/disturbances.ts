import { type History, workerOf } from "../history/event.ts";

/** For how long after a fault its effects may still show, besides the lease, in ms. */
const AFTERMATH = 1_000;

interface Interval {
  readonly from: number;
  readonly to: number;
}

/**
 * When a process, its connection or the server was disturbed: by a fault of the soak, or because the process got no
 * processor time. The time ends one lease and a second after the fault, because until then the server may still give the
 * messages of the process to another one.
 */
export class Disturbances {
  readonly #all: Interval[] = [];
  readonly #ofServer: Interval[] = [];
  readonly #ofSender: Interval[] = [];
  /** When each fault began, and each process was killed by a message. */
  readonly #faults: number[] = [];
  readonly #byName = new Map<string, Interval[]>();

  constructor({ events, setup }: History) {
    const grace = setup.lease + AFTERMATH;
    const over = new Map<number, number>();
    for (const event of events) if (event.type === "fault" && event.phase === "over") over.set(event.fault, event.at);
    for (const event of events) {
      if (event.type === "late") {
        // The driver's process runs the proxies, through which everything goes.
        this.#add(event.by === "driver" ? "server" : event.by, { from: event.at - event.ms, to: event.at + grace });
      } else if (event.type === "killing") {
        this.#faults.push(event.at);
        this.#add(event.by, { from: event.at, to: event.at + grace });
      } else if (event.type === "fault" && event.phase === "begin") {
        this.#faults.push(event.at);
        const end = over.get(event.fault) ?? Number.POSITIVE_INFINITY;
        this.#add(event.life ?? event.target, { from: event.at, to: end + grace });
      }
    }
  }

  /** Whether one of the processes, or the server, was disturbed at some time between the two. */
  of(lives: readonly string[], from: number, to: number): boolean {
    // A fault of the process is that of one life, a fault of the connection that of the worker.
    const names = lives.flatMap((life) => [life, workerOf(life)]);
    const own = names.flatMap((name) => this.#byName.get(name) ?? []);
    return includes([...own, ...this.#ofServer], from, to);
  }

  /** Whether the connection of the sender, or the server, was disturbed at some time between the two. */
  ofSender(from: number, to: number): boolean {
    return includes([...this.#ofSender, ...this.#ofServer], from, to);
  }

  /** The longest time between the two in which neither the sender's connection nor the server was disturbed, in ms. */
  peaceOfSender(from: number, to: number): number {
    const disturbed = [...this.#ofSender, ...this.#ofServer].sort((one, other) => one.from - other.from);
    let longest = 0;
    let since = from;
    for (const one of disturbed) {
      longest = Math.max(longest, Math.min(one.from, to) - since);
      since = Math.max(since, one.to);
    }
    return Math.max(longest, to - since);
  }

  /** How many faults began between the two, and processes were killed by messages. */
  faultsBetween(from: number, to: number): number {
    return this.#faults.filter((at) => from <= at && at <= to).length;
  }

  /** Whether anything was disturbed at some time between the two. */
  any(from: number, to: number): boolean {
    return includes(this.#all, from, to);
  }

  #add(whose: string, interval: Interval): void {
    this.#all.push(interval);
    if (whose === "driver") this.#ofSender.push(interval);
    else if (whose === "server") this.#ofServer.push(interval);
    else this.#byName.set(whose, [...(this.#byName.get(whose) ?? []), interval]);
  }
}

function includes(intervals: readonly Interval[], from: number, to: number): boolean {
  return intervals.some((one) => one.from <= to && from <= one.to);
}
