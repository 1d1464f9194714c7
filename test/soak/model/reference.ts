/** The retry policy of the model: as short as it can be, and without jitter. */
export const POLICY = { attempts: 3, backoff: { initial: 100, factor: 1, jitter: 0 } } as const;

/** The way a handler ends. */
export type Ending =
  | { readonly by: "return" | "throw" | "ack" }
  | { readonly by: "retry"; readonly delay: number }
  | { readonly by: "deadLetter" };

interface Message {
  readonly id: string;
  readonly key: string;
  failures: number;
  notBefore: number;
  running: boolean;
}

/** A run of a handler that has not ended. */
export interface ModelRun {
  readonly name: number;
  readonly message: Message;
  readonly consumer: number;
  /** Whether the message is still this consumer's. */
  held: boolean;
}

interface ModelConsumer {
  readonly concurrency: number;
  state: "open" | "paused" | "closed";
}

/** A dead letter as it must be. */
export interface ModelDeadLetter {
  readonly id: string;
  readonly reason: string;
  readonly attempts: number;
}

/** A handler that the library has called. */
export interface Begun {
  readonly run: number;
  readonly id: string;
  readonly attempt: number;
  readonly consumer: number;
  readonly at: number;
}

/**
 * The behaviour of one queue in its simplest form. It does not say which message comes next, only which may come: it follows
 * the library, and throws where the library does what it must not.
 */
export class Reference {
  readonly ordered: boolean;
  readonly #now: () => number;
  /** Unsettled messages, in the order in which they are stored. */
  #messages: Message[] = [];
  readonly #keys = new Map<string, string>();
  readonly consumers: ModelConsumer[] = [];
  runs: ModelRun[] = [];
  dead: ModelDeadLetter[] = [];
  /** How often the process of all consumers has vanished. */
  vanishings = 0;

  constructor(ordered: boolean, now: () => number) {
    this.ordered = ordered;
    this.#now = now;
  }

  get size(): number {
    return this.#messages.length;
  }

  /** Consumers that have not closed, by their numbers. */
  consumersThat(are: "open" | "paused" | "not closed"): readonly number[] {
    return this.consumers.flatMap(({ state }, index) =>
      state === are || (are === "not closed" && state !== "closed") ? [index] : [],
    );
  }

  send(id: string, key: string, delay: number): void {
    this.#keys.set(id, key);
    this.#store(id, this.#now() + delay);
  }

  consume(concurrency: number): void {
    this.consumers.push({ concurrency, state: "open" });
  }

  /** The library has called a handler. Throws if it must not. */
  begin({ run: name, id, attempt, consumer, at }: Begun): void {
    const what = `attempt ${attempt} of ${id} in consumer ${consumer}`;
    const message = this.#messages.find((one) => one.id === id);
    if (message === undefined) throw new Error(`${what}: the message is settled`);
    if (message.running) throw new Error(`${what}: another handler has the message`);
    if (at < message.notBefore) throw new Error(`${what}: ${message.notBefore - at} ms too early`);
    if (attempt !== message.failures + 1) throw new Error(`${what}: after ${message.failures} failures`);
    const { state, concurrency } = this.#consumer(consumer);
    if (state !== "open") throw new Error(`${what}: the consumer is ${state}`);
    if (this.#runsOf(consumer).length >= concurrency) throw new Error(`${what}: ${concurrency} handlers are running`);
    if (!this.#isFirstOfKey(message)) throw new Error(`${what}: an earlier message of its key is not settled`);
    if (!this.#isKeyFree(message, consumer)) throw new Error(`${what}: a handler has a message of its key`);
    message.running = true;
    this.runs.push({ name, message, consumer, held: true });
  }

  /** The handler of a run ends. It settles its message if that is still held. */
  end(run: ModelRun, ending: Ending): void {
    this.runs = this.runs.filter((one) => one !== run);
    const { message, held } = run;
    if (!held) return;
    message.running = false;
    switch (ending.by) {
      case "return":
      case "ack":
        return this.#settle(message);
      case "throw":
        return this.#fail(message, POLICY.backoff.initial);
      case "retry":
        return this.#fail(message, ending.delay);
      case "deadLetter":
        return this.#die(message, "refused", message.failures + 1);
    }
  }

  pause(consumer: number): void {
    this.#consumer(consumer).state = "paused";
  }

  resume(consumer: number): void {
    this.#consumer(consumer).state = "open";
  }

  /** The consumer closes and gives back what its handlers have. These handlers go on, and take no other handler's place. */
  close(consumer: number): void {
    this.#consumer(consumer).state = "closed";
    for (const run of this.#runsOf(consumer)) this.#lose(run);
  }

  /** The connection breaks: everything that handlers have is given back, and the handlers go on. */
  cut(): void {
    for (const run of this.runs) this.#lose(run);
  }

  /** The process of all consumers vanishes. */
  vanish(): void {
    this.vanishings += 1;
    for (const consumer of this.consumersThat("not closed")) this.close(consumer);
  }

  removeDead(): void {
    this.dead = [];
  }

  replayDead(count: number): void {
    for (const { id } of this.dead.splice(0, count)) this.#store(id, 0);
  }

  /**
   * The first message that has been due for `slack` ms and could be with a handler; undefined if there is none. Only asked
   * of a single consumer: another one may hold messages back, because it has read ahead.
   */
  overlooked(slack: number): string | undefined {
    const [consumer = -1, ...others] = this.consumersThat("not closed");
    if (others.length > 0 || this.consumers[consumer]?.state !== "open") return undefined;
    if (this.#runsOf(consumer).length >= this.#consumer(consumer).concurrency) return undefined;
    // A message that may have killed its process waits until it is alone, and others wait for it.
    if (this.vanishings > 0 && this.#runsOf(consumer).length > 0) return undefined;
    const due = this.#now() - slack;
    return this.#messages.find(
      (one) => !one.running && one.notBefore <= due && this.#isFirstOfKey(one) && this.#isKeyFree(one, consumer),
    )?.id;
  }

  #consumer(index: number): ModelConsumer {
    const consumer = this.consumers[index];
    if (consumer === undefined) throw new Error(`there is no consumer ${index}`);
    return consumer;
  }

  #runsOf(consumer: number): readonly ModelRun[] {
    return this.runs.filter((run) => run.consumer === consumer);
  }

  #isFirstOfKey(message: Message): boolean {
    return !this.ordered || this.#messages.find(({ key }) => key === message.key) === message;
  }

  #isKeyFree({ key }: Message, consumer: number): boolean {
    return !this.ordered || this.#runsOf(consumer).every((run) => run.message.key !== key);
  }

  #store(id: string, notBefore: number): void {
    this.#messages.push({ id, key: this.#keys.get(id) ?? "", failures: 0, notBefore, running: false });
  }

  #settle(message: Message): void {
    this.#messages = this.#messages.filter((one) => one !== message);
  }

  #fail(message: Message, wait: number): void {
    message.failures += 1;
    if (message.failures >= POLICY.attempts) this.#die(message, "attempts-exhausted", message.failures);
    else message.notBefore = this.#now() + wait;
  }

  #die(message: Message, reason: string, attempts: number): void {
    this.#settle(message);
    this.dead.push({ id: message.id, reason, attempts });
  }

  #lose(run: ModelRun): void {
    if (!run.held) return;
    run.held = false;
    run.message.running = false;
  }
}
