import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import type { Broker, Declared, Message, Queue, ReconnectEvent, Stats } from "@anybroker/core";
import { startProxy, type TcpProxy } from "@anybroker-internal/testkit/proxy";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { until } from "@anybroker-internal/testkit/until";
import { type Load, Sender } from "./load.ts";
import { type Counted, Outcomes } from "./outcomes.ts";
import { startWorker, type Worker } from "./start-worker.ts";
import type { FaultSubject, FaultyServer } from "./subject.ts";
import type { Numbered, Task } from "./worker.ts";
import type { Workload } from "./workload.ts";

/** The concurrency of a consumer. It holds twice as many messages. */
const CONCURRENCY = 32;
/** The number of messages to send when the faults are over. */
const LAST = 100;
/** How long a close may take on a busy machine, in ms. */
const GRACE = 15_000;
/** After this long without a confirmed or handled message the scenario fails, in ms. */
const STUCK = 120_000;

const quick = { reconnect: { initial: 100, max: 2_000 }, connectTimeout: 60_000, logger: quietLogger } as const;
/** Scenarios that spare the server run side by side, and each hears of unhandled rejections. */
process.setMaxListeners(32);
const retry = { attempts: 2, backoff: { initial: 250, factor: 1, jitter: 0 } } as const;

/** The size and the form of a run. */
export interface ScenarioOptions {
  readonly messages: number;
  readonly full: boolean;
  readonly random: () => number;
}

/** How long a silent consumer keeps what it holds, in ms. */
interface Lease {
  readonly lease?: number;
}

/** The behaviour of a handler. */
interface Handling {
  /** One message in this many fails at its first attempt. */
  readonly failing?: number;
  /** How long the first message takes, in ms. */
  readonly slow?: number;
}

/** The parts of the context once it is open. */
interface Opened {
  readonly queue: Queue<Declared, Numbered, Numbered>;
  readonly sender: Sender;
  readonly port: string;
}

/** The tools of a scenario: one queue, its sender and its consumers. */
export class ScenarioContext implements AsyncDisposable {
  readonly server: FaultyServer;
  readonly outcomes: Outcomes;
  /** A random number from 0 to below 1, from the seed. */
  readonly random: () => number;
  readonly full: boolean;
  /** Rejects when no message was confirmed or handled for too long. */
  readonly stuck: Promise<never>;
  readonly #subject: FaultSubject;
  readonly #stored: { readonly ordered: boolean };
  readonly #name: string;
  readonly #resources = new AsyncDisposableStack();
  readonly #over = new AbortController();
  readonly #brokers: Broker[] = [];
  readonly #workers: Worker[] = [];
  #opened: Opened | undefined;
  #ending = false;

  constructor(subject: FaultSubject, server: FaultyServer, scenario: Workload, options: ScenarioOptions) {
    this.#subject = subject;
    this.server = server;
    this.#stored = { ordered: scenario.keys !== undefined };
    this.#name = `faults-${Math.floor(Date.now() + Math.random() * 1e9).toString(36)}`;
    this.outcomes = new Outcomes(options.messages, scenario);
    this.full = options.full;
    this.random = options.random;
    this.stuck = new Promise((_, reject) => this.#watch(reject));
    this.stuck.catch(() => undefined);
    const rejected = (reason: unknown): unknown =>
      this.outcomes.problems.push(`unhandled rejection: ${String(reason)}`);
    process.on("unhandledRejection", rejected);
    this.#resources.defer(() => void process.off("unhandledRejection", rejected));
  }

  get messages(): number {
    return this.outcomes.messages;
  }

  /** The largest number of messages that are handled again when a worker dies. */
  get duplicates(): number {
    return this.#subject.duplicates ?? 2 * CONCURRENCY;
  }

  /** The URL with options that make the client notice a silent server within seconds. */
  get impatientUrl(): string {
    return this.#subject.impatient(this.server.url);
  }

  get queue(): Queue<Declared, Numbered, Numbered> {
    return this.#open.queue;
  }

  /** The number of messages whose send has begun. */
  get begun(): number {
    return this.#open.sender.begun;
  }

  /** Connects and declares the queue. */
  async open(url: string = this.server.url, lease: Lease = this.#lease): Promise<Broker> {
    const broker = await this.#connect(url, lease);
    await broker.declare({ queues: { [this.#name]: this.#stored } });
    const queue = broker.queue<Numbered>(this.#name, this.#stored);
    // The first host, if there are several.
    const { port } = new URL(url.replace(/,[^/?]*/, ""));
    this.#opened = { queue, sender: new Sender(queue, this.outcomes), port };
    return broker;
  }

  /** Consumes in this process. Doomed messages fail at every attempt. */
  async consume({ failing = Number.POSITIVE_INFINITY, slow = 0 }: Handling = {}): Promise<void> {
    const handler = async ({ body, attempt }: Message<Numbered>): Promise<void> => {
      // Lets other handlers begin.
      await (slow > 0 && body.number === 0 ? pause(slow) : turn());
      if (body.doomed || (attempt === 1 && body.number % failing === 1)) throw new Error("it fails");
      this.outcomes.handled(body.number);
    };
    const consumer = await this.queue.consume(handler, { concurrency: CONCURRENCY, retry, onError: () => undefined });
    void consumer.closed.then((reason) => {
      if (!this.#ending) this.outcomes.problems.push(`the consumer closed on its own: ${String(reason)}`);
    });
  }

  /** Consumes in another process. */
  worker(task: Partial<Task> = {}): Worker {
    const settings = {
      url: this.server.url,
      queue: this.#name,
      ...this.#stored,
      concurrency: CONCURRENCY,
      ...this.#lease,
    };
    const worker = startWorker({ ...settings, ...task }, (number) => this.outcomes.handled(number));
    this.#workers.push(worker);
    this.#resources.defer(() => worker.kill());
    void worker.ended.then((how) => {
      if (how !== "0" && how !== "SIGKILL") this.outcomes.problems.push(`a worker ended on its own: ${how}`);
    });
    return worker;
  }

  /** Starts a proxy to the server. */
  async proxy(): Promise<TcpProxy> {
    const { proxy = () => startProxy(Number(new URL(this.server.url).port)) } = this.server;
    return this.#resources.use(await proxy());
  }

  /** Sends messages; by default all but the last ones. */
  async send(load: Load = {}): Promise<void> {
    const end = Math.min(Math.floor((load.to ?? 1) * this.messages), this.messages - LAST);
    await this.#open.sender.sendUpTo(end, load);
  }

  /** Runs the fault each time this fraction of all messages but the last ones has been counted. */
  async at(what: Counted, fractions: readonly number[], fault: () => Promise<unknown>): Promise<void> {
    for (const fraction of fractions) {
      await this.outcomes.reached(what, Math.ceil(fraction * (this.messages - LAST)));
      await fault();
    }
  }

  /** Resolves when the broker object of this scenario loses its connection. */
  disconnected(): Promise<void> {
    return new Promise((resolve) => {
      const listen = (event: unknown): void => {
        // The cast is true: the documented payload of this channel is a ReconnectEvent.
        const { broker, state } = event as ReconnectEvent;
        if (state !== "lost" || !broker.address.includes(`:${this.#open.port}`)) return;
        unsubscribe("anybroker:reconnect", listen);
        resolve();
      };
      subscribe("anybroker:reconnect", listen);
    });
  }

  /** Waits until the attempt succeeds, as long as messages are confirmed or handled. */
  async until(what: string, attempt: () => void | Promise<void>): Promise<void> {
    await until(what, STUCK * 10, async () => attempt(), this.#over.signal);
  }

  /** Counts what the server has of a queue. */
  left(queue: Queue): Promise<Stats> {
    return this.server.left?.(queue) ?? queue.stats();
  }

  /** Waits until every confirmed message is handled, and the server has no message left but the dead letters. */
  async empty(queue: Queue = this.queue): Promise<void> {
    await this.until("every message to be handled", () => {
      const { missing } = this.outcomes;
      if (missing.length > 0) throw new Error(`${missing.length} are not handled yet; the first is ${missing[0]}`);
    });
    const least = this.outcomes.doomed.length;
    await this.until("the server to be empty", async () => {
      const { ready, delayed = 0, inFlight = 0, dead = 0 } = await this.left(queue);
      // Dead letters can be duplicated, like all messages.
      const deadLettered = least === 0 ? dead === 0 : dead >= least;
      if (ready !== 0 || delayed > 0 || inFlight > 0 || !deadLettered)
        throw new Error(JSON.stringify({ ready, delayed, dead }));
    });
  }

  /** Ends the scenario: everything works, closes gracefully and leaves no message behind. */
  async finish(): Promise<void> {
    await this.#open.sender.sendUpTo(this.messages, {});
    await this.empty();
    this.#ending = true;
    const since = performance.now();
    const workers = this.#workers.filter((worker) => worker.alive);
    await Promise.all([...workers, ...this.#brokers].map((one) => one.close()));
    if (performance.now() - since > GRACE) this.outcomes.problems.push("closing took too long");
    // A message that a consumer still held would be delivered again now.
    const broker = await this.#connect(this.server.url);
    const queue = broker.queue(this.#name, this.#stored);
    await this.empty(queue);
    const dead = new Set<number>();
    for await (const { id } of queue.deadLetters.list({ limit: this.messages })) dead.add(Number(id?.slice(1)));
    const { doomed } = this.outcomes;
    const same = dead.size === doomed.length && doomed.every((number) => dead.has(number));
    if (!same) this.outcomes.problems.push(`the dead letters are ${[...dead].join()}, not ${doomed.join()}`);
    await broker.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    this.#over.abort();
    await this.#resources.disposeAsync();
  }

  get #lease(): Lease {
    const { lease } = this.#subject;
    return this.full || lease === undefined ? {} : { lease };
  }

  get #open(): Opened {
    if (this.#opened === undefined) throw new Error("the scenario has not opened its queue");
    return this.#opened;
  }

  async #connect(url: string, lease: Lease = this.#lease): Promise<Broker> {
    const broker = await this.#subject.connect(url, { ...quick, ...lease });
    this.#brokers.push(broker);
    // Bounded, so that a failure is reported even if the broker object hangs.
    this.#resources.defer(async () => {
      await Promise.race([broker.close({ drainTimeout: 0 }), pause(GRACE, undefined, { ref: false })]);
    });
    return broker;
  }

  #watch(stuck: (error: Error) => void): void {
    let before = "";
    let since = performance.now();
    const timer = setInterval(() => {
      const { counts, duplicated } = this.outcomes;
      const messages = `${counts.confirmed} confirmed, ${counts.handled} handled, ${duplicated} duplicated`;
      const now = `${messages}, ${this.#workers.length} workers`;
      if (now !== before) {
        before = now;
        since = performance.now();
      }
      if (performance.now() - since < STUCK) return;
      clearInterval(timer);
      stuck(new Error(`no progress for ${STUCK / 1_000} s: ${now}`));
    }, 1_000);
    this.#resources.defer(() => clearInterval(timer));
  }
}
