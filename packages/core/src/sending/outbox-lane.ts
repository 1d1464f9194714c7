import { Bag, type Slotted } from "../base/bag.ts";
import type { BrokerError } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import type { Destination } from "../contract/entities.ts";
import type { Link } from "../contract/link.ts";
import type { SendFailure } from "../contract/message.ts";
import type { Outbox, Outgoing } from "./outbox.ts";

/** What one call of the driver's `send` carries. */
interface Batch extends Slotted {
  readonly items: readonly Outgoing[];
  readonly reported: boolean[];
  /** What is to be tried again. */
  readonly again: Outgoing[];
  readonly abort: AbortController;
  /** Items whose fate somebody still waits for. */
  wanted: number;
}

/** Wait before a lane tries again what the broker refused for now: 50 ms, doubled each time, to 5 s. */
const RETRY_INITIAL = 50;
const RETRY_MAX = 5_000;

/** Everything on its way to one destination, in the order of the calls. */
export class Lane {
  readonly destination: Destination;
  readonly #outbox: Outbox;
  readonly #waiting = new Fifo<Outgoing>();
  /** Keys in an unresolved batch, with what waits behind them. */
  readonly #keys = new Map<string, Outgoing[]>();
  readonly #batches = new Bag<Batch>();
  #blocked = false;
  #declaredOn: Link | undefined;
  #failures = 0;
  #stale = 0;
  #cancel = (): void => {};
  /** Why the last try did not succeed. */
  lastFailure: BrokerError | undefined;

  constructor(outbox: Outbox, destination: Destination) {
    this.#outbox = outbox;
    this.destination = destination;
  }

  push(item: Outgoing): void {
    this.#waiting.push(item);
  }

  /** One that waits here has ended: when they are many they are swept out. */
  stale(): void {
    this.#stale += 1;
    if (this.#stale < 1_000 || this.#stale * 2 < this.#waiting.size) return;
    this.#waiting.remove((item) => item.state === "done");
    this.#stale = 0;
  }

  /** Nobody waits for this item any more; a batch that nobody waits for is given up. */
  abandon(item: Outgoing): void {
    for (const batch of this.#batches.all()) {
      const at = batch.items.indexOf(item);
      if (at < 0 || batch.reported[at] === true) continue;
      batch.wanted -= 1;
      if (batch.wanted === 0) batch.abort.abort(new Error("nobody waits for the outcome any more"));
    }
  }

  /** It turned out to be missing. */
  undeclared(): void {
    this.#declaredOn = undefined;
  }

  unblock(): void {
    this.#blocked = false;
    this.#outbox.schedule(this);
  }

  stop(): void {
    this.#cancel();
  }

  /** Whether room is all that it lacks. */
  get hungry(): boolean {
    return this.#waiting.size > 0 && !this.#blocked;
  }

  /** Hands over what it can; answers how many messages. */
  flush(): number {
    const { connection, declarations } = this.#outbox;
    const link = connection.link;
    if (link === undefined || this.#blocked || this.#waiting.size === 0) return 0;
    const declaring = this.#declaredOn === link ? undefined : declarations.ensure(link, this.destination);
    if (declaring !== undefined) {
      this.#blocked = true;
      declaring.then(
        () => this.unblock(),
        (error: BrokerError) => this.#refused(error),
      );
      return 0;
    }
    this.#declaredOn = link;
    let handed = 0;
    const inFlight = this.#outbox.inFlight(link);
    const window = this.#outbox.window(link);
    const room = (): boolean =>
      inFlight.messages < window.messages && inFlight.bytes < window.bytes && inFlight.batches < window.batches;
    while (room()) {
      const items = this.#take(window.messages - inFlight.messages, window.bytes - inFlight.bytes);
      if (items.length === 0) break;
      handed += items.length;
      void this.#dispatch(link, items);
    }
    return handed;
  }

  /** The destination cannot be declared: everything waits and is tried again, or fails. */
  #refused(error: BrokerError): void {
    this.lastFailure = error;
    if (error.retryable) return this.#later();
    this.#blocked = false;
    for (const item of this.#waiting.remove(() => true)) this.#outbox.end(item, error);
  }

  #later(): void {
    this.#blocked = true;
    const wait = Math.min(RETRY_MAX, RETRY_INITIAL * 2 ** Math.min(this.#failures, 10)) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    this.#cancel = this.#outbox.connection.context.clock.after(wait, () => this.unblock());
  }

  /** The next batch: what fits, without keys that are in another batch; those wait behind it. */
  #take(most: number, mostBytes: number): readonly Outgoing[] {
    const items: Outgoing[] = [];
    const mine = new Set<string>();
    let bytes = 0;
    for (let item = this.#waiting.peek(); item !== undefined && items.length < most; item = this.#waiting.peek()) {
      if (items.length > 0 && bytes + item.size > mostBytes) break;
      this.#waiting.shift();
      if (item.state === "done") continue;
      const { key } = item.message;
      if (key !== undefined && !mine.has(key)) {
        const behind = this.#keys.get(key);
        behind?.push(item);
        if (behind !== undefined) continue;
        this.#keys.set(key, []);
        mine.add(key);
      }
      item.state = "sent";
      bytes += item.size;
      items.push(item);
    }
    return items;
  }

  async #dispatch(link: Link, items: readonly Outgoing[]): Promise<void> {
    const batch: Batch = {
      items,
      reported: [],
      again: [],
      abort: new AbortController(),
      wanted: items.length,
      slot: -1,
    };
    const inFlight = this.#outbox.inFlight(link);
    this.#batches.add(batch);
    inFlight.batches += 1;
    inFlight.messages += items.length;
    for (const item of items) inFlight.bytes += item.size;
    const report = (index: number, failure?: SendFailure): void => {
      const item = items[index];
      if (item === undefined || batch.reported[index] === true) return;
      batch.reported[index] = true;
      inFlight.messages -= 1;
      inFlight.bytes -= item.size;
      if (item.state !== "done") this.#reported(batch, item, failure);
    };
    let thrown: unknown;
    try {
      const messages = items.map((item) => item.message);
      await link.send(this.destination, messages, report, batch.abort.signal);
    } catch (failure) {
      thrown = failure;
    }
    for (let index = 0; index < items.length; index += 1) {
      if (batch.reported[index] === true) continue;
      const error = thrown ?? new Error("the driver did not report what became of the message");
      report(index, { error, outcomeUnknown: true });
    }
    inFlight.batches -= 1;
    this.#batches.remove(batch);
    this.#finish(batch);
    this.#outbox.roomAgain();
  }

  #reported(batch: Batch, item: Outgoing, failure: SendFailure | undefined): void {
    batch.wanted -= 1;
    if (failure === undefined) return this.#outbox.end(item);
    const error = this.#outbox.judge(item, failure);
    if (error !== undefined) return this.#outbox.end(item, error);
    this.lastFailure = this.#outbox.connection.wrap(failure.error, `sending to ${this.destination.name}`);
    item.state = "waiting";
    batch.again.push(item);
  }

  /** Frees the batch's keys, and puts what is to be tried again, and what waited behind it, back to the front. */
  #finish(batch: Batch): void {
    const front = [...batch.again];
    for (const { message } of batch.items) {
      if (message.key === undefined) continue;
      front.push(...(this.#keys.get(message.key) ?? []));
      this.#keys.delete(message.key);
    }
    if (batch.again.length === 0) {
      this.#failures = 0;
      this.lastFailure = undefined;
    }
    if (front.length === 0) return;
    this.#waiting.unshift(front.toSorted((a, b) => a.turn - b.turn));
    if (batch.again.length > 0 && this.#outbox.connection.link !== undefined) this.#later();
    else this.#outbox.schedule(this);
  }
}
