import {
  type Broker,
  type Capabilities,
  type ConnectOptions,
  type ConsumeOptions,
  type Consumer,
  connect,
  type DeadLetter,
  type Declared,
  type Handler,
  type Message,
  type Queue,
  type QueueOptions,
  type Readable,
  type RetryPolicy,
  type Topic,
  type TopicOptions,
} from "@anybroker/core";
import type { Backend, Foreign, Removable } from "./backend.ts";
import { Faults, withFaults } from "./faults.ts";
import { type Mask, mask } from "./mask.ts";
import { listed, waitUntil, within } from "./wait.ts";

/** How a case connects. */
export interface CaseConnectOptions extends ConnectOptions {
  /** What to let go wrong between core and driver, and to see there. */
  readonly faults?: Faults;
  /** What to make the driver declare. */
  readonly mask?: Mask;
  /** Uses the account that may create nothing. */
  readonly restricted?: boolean;
}

/** One run of a handler. */
export interface Handled<Body> {
  readonly body: Body;
  readonly id: string | undefined;
  readonly attempt: number;
  readonly message: Message<Body>;
  /** When the handler was called: milliseconds since 1970. */
  readonly at: number;
}

/** A consumer, and what its handler was given. */
export interface Collected<Body> extends AsyncDisposable {
  readonly consumer: Consumer;
  readonly handled: readonly Handled<Body>[];
  readonly bodies: readonly Body[];
  /** What its `onError` was given. */
  readonly errors: readonly unknown[];
  /** Waits until the handler was called so many times. */
  count(times: number): Promise<void>;
  /** Waits until it has handled this body. */
  seen(body: Body): Promise<void>;
}

let made = 0;
const run = Math.floor(Math.random() * 36 ** 5).toString(36);

/** What a case has at hand. Whatever it connects or creates is closed and removed when it ends. */
export class CaseContext {
  readonly backend: Backend;
  readonly capabilities: Capabilities;
  /** Aborts when the case's time is up. */
  readonly signal: AbortSignal;
  /** How long to wait for what should happen at once, in milliseconds. */
  readonly patience: number;
  /** A time in which what should happen at once does, but for the worst luck, in milliseconds. */
  readonly short: number;
  /** A retry policy that costs little time. */
  readonly quick: RetryPolicy = { attempts: 5, backoff: { initial: 20, factor: 1, jitter: 0 } };
  readonly #brokers = new Map<Broker, Faults>();
  #foreign: Foreign | undefined;

  constructor(backend: Backend, capabilities: Capabilities, signal: AbortSignal, patience: number) {
    this.backend = backend;
    this.capabilities = capabilities;
    this.signal = signal;
    this.patience = patience;
    this.short = Math.ceil(patience / 10);
  }

  /** A name that nobody else uses, legal everywhere. */
  name(prefix = "case"): string {
    made += 1;
    return `${prefix}-${run}${process.pid.toString(36)}-${made}`;
  }

  /** Connects as the backend does; the broker object is closed when the case ends. */
  async connect(options: CaseConnectOptions = {}): Promise<Broker> {
    const { faults = new Faults(), mask: changes, restricted = false, ...rest } = options;
    const { backend } = this;
    const driver = restricted ? backend.restricted?.() : backend.driver();
    if (driver === undefined) throw new Error(`${backend.name} offers no restricted driver`);
    const staged = withFaults(driver, faults);
    const around = backend.around?.(staged) ?? staged;
    const broker = await connect(changes === undefined ? around : mask(around, changes), {
      connectTimeout: this.patience,
      reconnect: { initial: 10, max: 200 },
      ...rest,
    });
    this.#brokers.set(broker, faults);
    return broker;
  }

  /** A broker object and a new queue. */
  async queue<Body = string>(
    options: CaseConnectOptions = {},
    queueOptions: QueueOptions<Declared, Body, Body> = {},
  ): Promise<{ readonly broker: Broker; readonly queue: Queue<Declared, Body, Body> }> {
    const broker = await this.connect(options);
    return { broker, queue: broker.queue<Body, Body>(this.name("queue"), queueOptions) };
  }

  /** A broker object and a new topic. */
  async topic<Body = string>(
    options: CaseConnectOptions = {},
    topicOptions: TopicOptions<Declared, Body, Body> = {},
  ): Promise<{ readonly broker: Broker; readonly topic: Topic<Declared, Body, Body> }> {
    const broker = await this.connect(options);
    return { broker, topic: broker.topic<Body, Body>(this.name("topic"), topicOptions) };
  }

  /** Consumes, and keeps what the handler is given. `handle` runs after that. */
  async collect<Body>(
    source: Readable<Body>,
    options: ConsumeOptions & { readonly handle?: Handler<Body> } = {},
  ): Promise<Collected<Body>> {
    const { handle, ...rest } = options;
    const handled: Handled<Body>[] = [];
    const errors: unknown[] = [];
    const handler: Handler<Body> = (message) => {
      const { body, id, attempt } = message;
      handled.push({ body, id, attempt, message, at: Date.now() });
      return handle?.(message);
    };
    const onError = (error: unknown): void => void errors.push(error);
    const consumer = await source.consume(handler, { retry: this.quick, onError, ...rest });
    return {
      consumer,
      handled,
      errors,
      get bodies() {
        return handled.map(({ body }) => body);
      },
      count: (times) => {
        const what = `the handling of ${times} messages`;
        const enough = (): boolean => handled.length >= times;
        return this.until(what, enough, () => handled.length).catch((error: unknown) => {
          throw new Error(`only ${handled.length} of ${times} messages were handled`, { cause: error });
        });
      },
      seen: (body) =>
        this.until(`${JSON.stringify(body)} to be handled`, () => handled.some((one) => one.body === body)),
      [Symbol.asyncDispose]: () => consumer.close(),
    };
  }

  /** Waits until so many dead letters are listed, and answers them. */
  async deadLetters(source: Readable<unknown>, times: number): Promise<readonly DeadLetter[]> {
    let found: readonly DeadLetter[] = [];
    await this.until(`${times} dead letters of ${source.name}`, async () => {
      found = await this.soon("a listing of dead letters", listed(source.deadLetters.list()));
      return found.length >= times;
    });
    return found;
  }

  /**
   * Waits for a condition; what it waits for is said when it does not come. Patience begins anew whenever `progress`
   * answers something else.
   */
  until(what: string, condition: () => boolean | Promise<boolean>, progress?: () => unknown): Promise<void> {
    return waitUntil(what, condition, this.patience, this.signal, progress);
  }

  /** The promise's outcome, which must come soon. */
  soon<T>(what: string, promise: Promise<T>): Promise<T> {
    return within(what, promise, this.patience, this.signal);
  }

  /** The backend's plain client. */
  async foreign(): Promise<Foreign> {
    this.#foreign ??= await this.backend.foreign?.();
    if (this.#foreign === undefined) throw new Error(`${this.backend.name} offers no plain client`);
    return this.#foreign;
  }

  /** Cuts the connections of one broker object: they have ended when this resolves, and it connects again by itself. */
  async cut(broker: Broker): Promise<void> {
    if (this.backend.cut !== undefined) await this.backend.cut(broker);
    else await this.#brokers.get(broker)?.cut?.();
  }

  /** Deletes an entity on the broker. */
  async remove(what: Removable): Promise<void> {
    if (this.backend.remove === undefined) throw new Error(`${this.backend.name} cannot remove entities`);
    await this.backend.remove(what);
  }

  /** Closes and removes whatever the case has made. Never rejects: what a broken driver leaves is its own affair. */
  async end(): Promise<void> {
    const all = [...this.#brokers.values()];
    for (const faults of all) release(faults);
    const closing = [...this.#brokers.keys()].map((broker) => broker.close({ drainTimeout: 0 }));
    await within("brokers to close", Promise.allSettled(closing), this.patience).catch(() => {});
    await this.#foreign?.close?.().catch(() => {});
    const { backend } = this;
    if (backend.remove === undefined) return;
    const remove = (what: Removable): Promise<void> =>
      within("an entity to be removed", backend.remove?.(what) ?? Promise.resolve(), this.patience).catch(() => {});
    const made = all.flatMap(created);
    await Promise.all(made.filter((what) => "subscription" in what || "queue" in what).map(remove));
    await Promise.all(made.filter((what) => !("subscription" in what) && "topic" in what).map(remove));
  }
}

function release(faults: Faults): void {
  faults.connect = undefined;
  faults.send = undefined;
  faults.settle = undefined;
  faults.silence = undefined;
}

function created(faults: Faults): readonly Removable[] {
  return [...faults.entities.values()].flatMap((entity): readonly Removable[] => {
    if (entity.kind === "queue") return [{ queue: entity.name }];
    if (entity.kind === "topic") return [{ topic: entity.name }];
    return entity.durable ? [{ topic: entity.topic.name, subscription: entity.name }] : [];
  });
}
