import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import type { Broker, Declared, Message, Queue, ReconnectEvent } from "@anybroker/core";
import { startProxy, type TcpProxy } from "@anybroker-internal/testkit/proxy";
import { until } from "@anybroker-internal/testkit/until";
import type { FaultBackend, FaultyServer } from "./backend.ts";
import { type Load, Sender } from "./load.ts";
import type { Scenario } from "./scenario.ts";
import { startWorker, type Worker } from "./start-worker.ts";
import { type Counted, Tally } from "./tally.ts";
import type { Numbered, Task } from "./worker.ts";

/** Handlers of a consumer at once; it holds twice as many messages. */
const CONCURRENCY = 32;
/** Sent when the faults are over: everything must go on by itself. */
const LAST = 100;
/** What a close may take, on a busy machine. */
const GRACE = 15_000;
/** With nothing confirmed or handled for so long, it will not go on any more. */
const STUCK = 120_000;

const quick = { reconnect: { initial: 100, max: 2_000 }, connectTimeout: 60_000 } as const;
const retry = { attempts: 2, backoff: { initial: 250, factor: 1, jitter: 0 } } as const;

/** What a scenario may know of the run. */
export interface StageOptions {
  readonly messages: number;
  readonly full: boolean;
  readonly random: () => number;
}

/** For how many milliseconds a silent consumer keeps what it holds. */
interface Lease {
  readonly lease?: number;
}

/** What handlers do besides. */
interface Handling {
  readonly failing?: number;
  readonly slow?: number;
}

/** What a stage has once it is open. */
interface Opened {
  readonly queue: Queue<Declared, Numbered, Numbered>;
  readonly sender: Sender;
  readonly port: string;
}

/** Where a scenario plays: one queue, who sends to it and who consumes from it. */
export class Stage implements AsyncDisposable {
  readonly server: FaultyServer;
  readonly tally: Tally;
  /** From 0 to below 1, by the seed. */
  readonly random: () => number;
  readonly full: boolean;
  /** Rejects when nothing goes on any more. */
  readonly stuck: Promise<never>;
  readonly #backend: FaultBackend;
  readonly #stored: { readonly ordered: boolean };
  readonly #name: string;
  readonly #resources = new AsyncDisposableStack();
  readonly #over = new AbortController();
  readonly #brokers: Broker[] = [];
  readonly #workers: Worker[] = [];
  #opened: Opened | undefined;
  #ending = false;

  constructor(backend: FaultBackend, server: FaultyServer, scenario: Scenario, options: StageOptions) {
    this.#backend = backend;
    this.server = server;
    this.#stored = { ordered: scenario.keys !== undefined };
    this.#name = `faults-${Math.floor(Date.now() + Math.random() * 1e9).toString(36)}`;
    this.tally = new Tally(options.messages, scenario);
    this.full = options.full;
    this.random = options.random;
    this.stuck = new Promise((_, reject) => this.#watch(reject));
    this.stuck.catch(() => undefined);
    const rejected = (reason: unknown): unknown => this.tally.problems.push(`unhandled rejection: ${String(reason)}`);
    process.on("unhandledRejection", rejected);
    this.#resources.defer(() => void process.off("unhandledRejection", rejected));
  }

  get messages(): number {
    return this.tally.messages;
  }

  /** How many messages are handled again at most when a worker dies. */
  get doubled(): number {
    return this.#backend.doubled ?? 2 * CONCURRENCY;
  }

  /** The URL with which a silent server is noticed within seconds. */
  get impatientUrl(): string {
    return this.#backend.impatient(this.server.url);
  }

  get queue(): Queue<Declared, Numbered, Numbered> {
    return this.#open.queue;
  }

  /** How many messages a send has been begun for. */
  get begun(): number {
    return this.#open.sender.begun;
  }

  /** Connects, and makes sure of the queue. */
  async open(url: string = this.server.url, life: Lease = this.#lease): Promise<Broker> {
    const broker = await this.#connect(url, life);
    await broker.declare({ queues: { [this.#name]: this.#stored } });
    const queue = broker.queue<Numbered>(this.#name, this.#stored);
    // Of several hosts the first.
    const { port } = new URL(url.replace(/,[^/?]*/, ""));
    this.#opened = { queue, sender: new Sender(queue, this.tally), port };
    return broker;
  }

  /**
   * Consumes in this process. One in so many messages fails in its first attempt, doomed ones in every one; the first
   * one takes so many milliseconds.
   */
  async consume({ failing = Number.POSITIVE_INFINITY, slow = 0 }: Handling = {}): Promise<void> {
    const handler = async ({ body, attempt }: Message<Numbered>): Promise<void> => {
      // Others begin meanwhile.
      await (slow > 0 && body.number === 0 ? pause(slow) : turn());
      if (body.doomed || (attempt === 1 && body.number % failing === 1)) throw new Error("it fails");
      this.tally.handled(body.number);
    };
    const consumer = await this.queue.consume(handler, { concurrency: CONCURRENCY, retry, onError: () => undefined });
    void consumer.closed.then((reason) => {
      if (!this.#ending) this.tally.problems.push(`the consumer closed by itself: ${String(reason)}`);
    });
  }

  /** Consumes in a process of its own. */
  worker(task: Partial<Task> = {}): Worker {
    const place = { url: this.server.url, queue: this.#name, concurrency: CONCURRENCY, ...this.#lease };
    const worker = startWorker({ ...place, ...task }, (number) => this.tally.handled(number));
    this.#workers.push(worker);
    this.#resources.defer(() => worker.kill());
    void worker.ended.then((how) => {
      if (how !== "0" && how !== "SIGKILL") this.tally.problems.push(`a worker ended by itself: ${how}`);
    });
    return worker;
  }

  /** A proxy to the server. */
  async proxy(): Promise<TcpProxy> {
    const { proxy = () => startProxy(Number(new URL(this.server.url).port)) } = this.server;
    return this.#resources.use(await proxy());
  }

  /** Sends; by default all but the last ones. */
  async send(load: Load = {}): Promise<void> {
    const end = Math.min(Math.floor((load.to ?? 1) * this.messages), this.messages - LAST);
    await this.#open.sender.sendUpTo(end, load);
  }

  /** Does it whenever such a part of all messages but the last ones has been counted. */
  async at(what: Counted, parts: readonly number[], fault: () => Promise<unknown>): Promise<void> {
    for (const part of parts) {
      await this.tally.reached(what, Math.ceil(part * (this.messages - LAST)));
      await fault();
    }
  }

  /** Resolves when the broker object of this stage loses its connection. */
  disconnected(): Promise<void> {
    return new Promise((resolve) => {
      const listen = (event: unknown): void => {
        // The cast is true: it is what this channel carries.
        const { address, state } = event as ReconnectEvent;
        if (state !== "lost" || !address.includes(`:${this.#open.port}`)) return;
        unsubscribe("anybroker:reconnect", listen);
        resolve();
      };
      subscribe("anybroker:reconnect", listen);
    });
  }

  /** Waits until it is so, for as long as anything goes on. */
  async until(what: string, attempt: () => void | Promise<void>): Promise<void> {
    await until(what, STUCK * 10, async () => attempt(), this.#over.signal);
  }

  /** Waits until everything confirmed has been handled, and nothing but the dead letters is left on the server. */
  async empty(queue: Queue = this.queue): Promise<void> {
    await this.until("everything is handled", () => {
      const { missing } = this.tally;
      if (missing.length > 0) throw new Error(`${missing.length} are not handled yet, the first is ${missing[0]}`);
    });
    const least = this.tally.doomed.length;
    await this.until("nothing is left on the server", async () => {
      const { ready, delayed = 0, inFlight = 0, dead = 0 } = await queue.stats();
      // Dead ones may be doubled, as all others.
      const buried = least === 0 ? dead === 0 : dead >= least;
      if (ready !== 0 || delayed > 0 || inFlight > 0 || !buried)
        throw new Error(JSON.stringify({ ready, delayed, dead }));
    });
  }

  /** The faults are over: everything goes on, ends in good order, and leaves nothing behind. */
  async finish(): Promise<void> {
    await this.#open.sender.sendUpTo(this.messages, {});
    await this.empty();
    this.#ending = true;
    const since = performance.now();
    const workers = this.#workers.filter((worker) => worker.alive);
    await Promise.all([...workers, ...this.#brokers].map((one) => one.close()));
    if (performance.now() - since > GRACE) this.tally.problems.push("closing took too long");
    // What a consumer still held would come back now.
    const broker = await this.#connect(this.server.url);
    const queue = broker.queue(this.#name, this.#stored);
    await this.empty(queue);
    const dead = new Set<number>();
    for await (const { id } of queue.deadLetters.list({ limit: this.messages })) dead.add(Number(id?.slice(1)));
    const { doomed } = this.tally;
    const same = dead.size === doomed.length && doomed.every((number) => dead.has(number));
    if (!same) this.tally.problems.push(`in the dead letters are ${[...dead].join()}, not ${doomed.join()}`);
    await broker.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    this.#over.abort();
    await this.#resources.disposeAsync();
  }

  get #lease(): Lease {
    const { lease } = this.#backend;
    return this.full || lease === undefined ? {} : { lease };
  }

  get #open(): Opened {
    if (this.#opened === undefined) throw new Error("the scenario has not opened its queue");
    return this.#opened;
  }

  async #connect(url: string, life: Lease = this.#lease): Promise<Broker> {
    const broker = await this.#backend.connect(url, { ...quick, ...life });
    this.#brokers.push(broker);
    // Bounded, so that a failure is reported also where the broker object hangs.
    this.#resources.defer(async () => {
      await Promise.race([broker.close({ drainTimeout: 0 }), pause(GRACE, undefined, { ref: false })]);
    });
    return broker;
  }

  #watch(stuck: (error: Error) => void): void {
    let before = "";
    let since = performance.now();
    const timer = setInterval(() => {
      const { counts, duplicated } = this.tally;
      const now = `${counts.confirmed} confirmed, ${counts.handled} handled, ${duplicated} duplicated`;
      if (now !== before) {
        before = now;
        since = performance.now();
      }
      if (performance.now() - since < STUCK) return;
      clearInterval(timer);
      stuck(new Error(`nothing has happened for ${STUCK / 1_000} s, with ${now}`));
    }, 1_000);
    this.#resources.defer(() => clearInterval(timer));
  }
}
