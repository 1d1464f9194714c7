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
  type Logger,
  type Message,
  type Queue,
  type QueueOptions,
  type Readable,
  type Removal,
  type RetryPolicy,
  type Topic,
  type TopicOptions,
} from "@anybroker/core";
import { type CapabilityChanges, withCapabilities } from "./layers/capabilities.ts";
import { Faults, withFaults } from "./layers/faults.ts";
import type { ForeignClient, Removable, Subject } from "./subject.ts";
import { toArray, waitUntil, within } from "./wait.ts";

/** Options of {@link CaseContext.connect}. */
export interface CaseConnectOptions extends ConnectOptions {
  /** Faults to inject between the core and the driver. */
  readonly faults?: Faults | undefined;
  /** Capabilities that the driver declares instead of its own. */
  readonly capabilities?: CapabilityChanges | undefined;
  /** Uses the account that may create nothing. */
  readonly restricted?: boolean | undefined;
}

/** One call of a handler. */
export interface Handled<Body> {
  readonly body: Body;
  readonly id: string | undefined;
  readonly attempt: number;
  readonly message: Message<Body>;
  /** The time of the call, in milliseconds since 1970. */
  readonly at: number;
}

/** A consumer, and the calls of its handler. */
export interface Received<Body> extends AsyncDisposable {
  readonly consumer: Consumer;
  readonly handled: readonly Handled<Body>[];
  readonly bodies: readonly Body[];
  /** The errors that its `onError` was called with. */
  readonly errors: readonly unknown[];
  /** Waits until the handler was called this many times. */
  waitForCount(times: number): Promise<void>;
  /** Waits until the handler was called with this body. */
  waitForBody(body: Body): Promise<void>;
}

let names = 0;
const runId = Math.floor(Math.random() * 36 ** 5).toString(36);

/** The tools of a case. Everything that the case connects or creates is closed and removed when it ends. */
export class CaseContext {
  readonly subject: Subject;
  readonly capabilities: Capabilities;
  /** Aborts when the case's time is up. */
  readonly signal: AbortSignal;
  /** How long to wait for what should happen at once, in milliseconds. */
  readonly patience: number;
  /** A timeout that nearly always suffices for what should happen at once, in milliseconds. */
  readonly shortTimeout: number;
  /** A retry policy that takes little time. */
  readonly quickRetry: RetryPolicy = { attempts: 5, backoff: { initial: 20, factor: 1, jitter: 0 } };
  /** The log lines of the broker objects of the case, as `level text`. */
  readonly logged: string[] = [];
  readonly #logger: Logger = loggerTo(this.logged);
  readonly #brokers = new Map<Broker, Faults>();
  /** The broker object that entities are deleted with. It has no faults, so that a broken driver is cleaned up after too. */
  #remover: Promise<Broker> | undefined;
  #foreign: ForeignClient | undefined;

  constructor(subject: Subject, capabilities: Capabilities, signal: AbortSignal, patience: number) {
    this.subject = subject;
    this.capabilities = capabilities;
    this.signal = signal;
    this.patience = patience;
    this.shortTimeout = Math.ceil(patience / 10);
  }

  /** A unique name that is legal on every backend. */
  name(prefix = "case"): string {
    names += 1;
    return `${prefix}-${runId}${process.pid.toString(36)}-${names}`;
  }

  /** Connects to the subject's broker. The broker object is closed when the case ends. */
  async connect(options: CaseConnectOptions = {}): Promise<Broker> {
    const { faults = new Faults(), capabilities, restricted = false, ...connectOptions } = options;
    const { subject } = this;
    const driver = restricted ? subject.restricted?.() : subject.driver();
    if (driver === undefined) throw new Error(`${subject.name} offers no restricted driver`);
    const faulty = withFaults(driver, faults);
    const wrapped = subject.around?.(faulty) ?? faulty;
    const broker = await connect(capabilities === undefined ? wrapped : withCapabilities(wrapped, capabilities), {
      connectTimeout: this.patience,
      reconnect: { initial: 10, max: 200 },
      logger: this.#logger,
      ...connectOptions,
    });
    this.#brokers.set(broker, faults);
    return broker;
  }

  /** Connects, and returns the broker object with a queue of a new name. */
  async queue<Body = string>(
    options: CaseConnectOptions = {},
    queueOptions: QueueOptions<Declared, Body, Body> = {},
  ): Promise<{ readonly broker: Broker; readonly queue: Queue<Declared, Body, Body> }> {
    const broker = await this.connect(options);
    return { broker, queue: broker.queue<Body, Body>(this.name("queue"), queueOptions) };
  }

  /** Connects, and returns the broker object with a topic of a new name. */
  async topic<Body = string>(
    options: CaseConnectOptions = {},
    topicOptions: TopicOptions<Declared, Body, Body> = {},
  ): Promise<{ readonly broker: Broker; readonly topic: Topic<Declared, Body, Body> }> {
    const broker = await this.connect(options);
    return { broker, topic: broker.topic<Body, Body>(this.name("topic"), topicOptions) };
  }

  /** Consumes, and collects the calls of the handler. Each call then runs `handle`. */
  async collect<Body>(
    source: Readable<Body>,
    options: ConsumeOptions & { readonly handle?: Handler<Body> | undefined } = {},
  ): Promise<Received<Body>> {
    const { handle, ...consumeOptions } = options;
    const handled: Handled<Body>[] = [];
    const errors: unknown[] = [];
    const handler: Handler<Body> = (message) => {
      const { body, id, attempt } = message;
      handled.push({ body, id, attempt, message, at: Date.now() });
      return handle?.(message);
    };
    const onError = (error: unknown): void => void errors.push(error);
    const consumer = await source.consume(handler, { retry: this.quickRetry, onError, ...consumeOptions });
    return {
      consumer,
      handled,
      errors,
      get bodies() {
        return handled.map(({ body }) => body);
      },
      waitForCount: (times) => {
        const what = `the handling of ${times} messages`;
        const enough = (): boolean => handled.length >= times;
        return this.until(what, enough, () => handled.length).catch((error: unknown) => {
          throw new Error(`only ${handled.length} of ${times} messages were handled`, { cause: error });
        });
      },
      waitForBody: (body) =>
        this.until(`${JSON.stringify(body)} to be handled`, () => handled.some((one) => one.body === body)),
      [Symbol.asyncDispose]: () => consumer.close(),
    };
  }

  /** Waits until this many dead letters are listed, and returns them. */
  async deadLetters(source: Readable<unknown>, times: number): Promise<readonly DeadLetter[]> {
    let found: readonly DeadLetter[] = [];
    await this.until(`${times} dead letters of ${source.name}`, async () => {
      found = await this.soon("a listing of dead letters", toArray(source.deadLetters.list()));
      return found.length >= times;
    });
    return found;
  }

  /**
   * Waits for a condition. If it does not hold in time, the error contains `what`. The time starts anew whenever
   * `progress` returns another value.
   */
  until(what: string, condition: () => boolean | Promise<boolean>, progress?: () => unknown): Promise<void> {
    return waitUntil(what, condition, this.patience, this.signal, progress);
  }

  /** Settles as the promise does, which must be soon. If it is not, the error contains `what`. */
  soon<T>(what: string, promise: Promise<T>): Promise<T> {
    return within(what, promise, this.patience, this.signal);
  }

  /** The subject's foreign client. */
  async foreign(): Promise<ForeignClient> {
    this.#foreign ??= await this.subject.foreign?.();
    if (this.#foreign === undefined) throw new Error(`${this.subject.name} offers no foreign client`);
    return this.#foreign;
  }

  /** Cuts the connections of one broker object. Resolves when they have ended; the core then reconnects. */
  async cut(broker: Broker): Promise<void> {
    if (this.subject.cut !== undefined) await this.subject.cut(broker);
    else await this.#brokers.get(broker)?.cut?.();
  }

  /** Makes the process of a broker object vanish: the broker sees its connections end, and the core hears nothing. */
  async vanish(broker: Broker): Promise<void> {
    await this.#brokers.get(broker)?.vanish();
  }

  /** Deletes an entity on the broker, as another program does. */
  async remove(entity: Removable): Promise<void> {
    if (this.capabilities.delete === "none") {
      if (this.subject.remove === undefined) throw new Error(`${this.subject.name} cannot remove entities`);
      return this.subject.remove(entity);
    }
    this.#remover ??= connect(this.subject.driver(), { connectTimeout: this.patience, logger: loggerTo([]) });
    await (await this.#remover).delete(removalOf(entity));
  }

  /** Closes and removes what the case has made. Never rejects, because a broken driver may leave anything behind. */
  async end(): Promise<void> {
    const all = [...this.#brokers.values()];
    for (const faults of all) clear(faults);
    const closing = [...this.#brokers.keys()].map((broker) => broker.close({ drainTimeout: 0 }));
    await within("brokers to close", Promise.allSettled(closing), this.patience).catch(() => {});
    await this.#foreign?.close?.().catch(() => {});
    await this.#removeAll(all.flatMap(removableEntities));
    await this.#remover?.then((broker) => broker.close()).catch(() => {});
  }

  async #removeAll(entities: readonly Removable[]): Promise<void> {
    const remove = (entity: Removable): Promise<void> =>
      within("an entity to be removed", this.remove(entity), this.patience).catch(() => {});
    const isTopic = (one: Removable): boolean => "topic" in one && !("subscription" in one);
    await Promise.all(entities.filter((one) => !isTopic(one)).map(remove));
    await Promise.all(entities.filter(isTopic).map(remove));
  }
}

function removalOf(entity: Removable): Removal {
  if ("queue" in entity) return { queues: [entity.queue] };
  return { topics: { [entity.topic]: "subscription" in entity ? { subscriptions: [entity.subscription] } : {} } };
}

function clear(faults: Faults): void {
  faults.clearAway();
  faults.connect = undefined;
  faults.send = undefined;
  faults.settle = undefined;
  faults.hang = undefined;
}

function removableEntities(faults: Faults): readonly Removable[] {
  return [...faults.entities.values()].flatMap((entity): readonly Removable[] => {
    if (entity.kind === "queue") return [{ queue: entity.name }];
    if (entity.kind === "topic") return [{ topic: entity.name }];
    return entity.durable ? [{ topic: entity.topic.name, subscription: entity.name }] : [];
  });
}

function loggerTo(lines: string[]): Logger {
  const at =
    (level: string) =>
    (text: string): void =>
      void lines.push(`${level} ${text}`);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
