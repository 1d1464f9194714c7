import { Faults, withFaults } from "@anybroker/conformance";
import type { Broker, Consumer, DeadLetter, Declared, Driver, Message, Queue } from "@anybroker/core";
import { type Begun, type Ending, POLICY, type Reference } from "./reference.ts";

/** A library to run the operations on: a driver, and the time that it goes by. */
export interface RigSubject {
  /** A driver for another broker object on the same server. */
  driver(): Driver;
  /** Milliseconds since 1970. */
  now(): number;
  /** Lets this much time pass. */
  pass(ms: number): Promise<void>;
  /** Connects to the driver: `connect` with the clock. */
  connect(driver: Driver): Promise<Broker>;
  /** How late a delayed message may come, in ms. */
  readonly slack: number;
}

/** After this long a message that could be handled and is not is overlooked, in ms. */
const PATIENCE = 15_000;
const STEP = 10;

/** A broker object with the queue, and what breaks its connection. */
interface Process {
  readonly broker: Broker;
  readonly queue: Queue<Declared, null>;
  readonly faults: Faults;
}

/** One queue with its consumers. Its handlers end when a test says so. */
export class Rig implements AsyncDisposable {
  readonly subject: RigSubject;
  readonly #open: () => Promise<Process>;
  readonly #vanished: Process[] = [];
  #process: Process;
  readonly #consumers: Consumer[] = [];
  readonly #endings = new Map<number, (ending: Ending) => void>();
  #begun: Begun[] = [];
  #runs = 0;

  private constructor(subject: RigSubject, open: () => Promise<Process>, first: Process) {
    this.subject = subject;
    this.#open = open;
    this.#process = first;
  }

  static async open(subject: RigSubject, name: string, ordered: boolean): Promise<Rig> {
    const open = async (): Promise<Process> => {
      const faults = new Faults();
      const broker = await subject.connect(withFaults(subject.driver(), faults));
      await broker.declare({ queues: { [name]: { ordered } } });
      return { broker, queue: broker.queue<null>(name, { ordered }), faults };
    };
    return new Rig(subject, open, await open());
  }

  get queue(): Queue<Declared, null> {
    return this.#process.queue;
  }

  /** Begins to consume. */
  async consume(concurrency: number): Promise<void> {
    const consumer = this.#consumers.length;
    const { faults } = this.#process;
    const handler = async (message: Message<null>): Promise<void> => {
      // A process that has vanished runs nothing.
      if (faults.vanished) return new Promise(() => {});
      this.#runs += 1;
      const run = this.#runs;
      const { id = "without id", attempt } = message;
      this.#begun.push({ run, id, attempt, consumer, at: this.subject.now() });
      await end(message, await new Promise<Ending>((resolve) => this.#endings.set(run, resolve)));
    };
    const options = { concurrency, prefetch: 100, retry: POLICY, onError: () => undefined };
    this.#consumers.push(await this.during(this.queue.consume(handler, options)));
  }

  /** Ends a run of a handler. */
  end(run: number, ending: Ending): void {
    this.#endings.get(run)?.(ending);
    this.#endings.delete(run);
  }

  /** On an ordered queue a pause is not reached while a handler runs, so it is not awaited. */
  pause(consumer: number): void {
    void this.#consumers[consumer]?.pause();
  }

  async resume(consumer: number): Promise<void> {
    await this.during(this.#consumers[consumer]?.resume() ?? Promise.resolve());
  }

  async close(consumer: number): Promise<void> {
    await this.during(this.#consumers[consumer]?.close({ drainTimeout: 0 }) ?? Promise.resolve());
  }

  /** Breaks the connection. Resolves before the library can have connected again. */
  async cut(): Promise<void> {
    await this.#process.faults.cut?.();
  }

  /** The process vanishes, as far as the server can see. Another one takes its place. */
  async vanish(): Promise<void> {
    const gone = this.#process;
    this.#vanished.push(gone);
    await gone.faults.vanish();
    this.#process = await this.during(this.#open());
  }

  /** The dead letters, the oldest first. */
  deadLetters(): Promise<readonly DeadLetter[]> {
    const all = async (): Promise<readonly DeadLetter[]> => {
      const letters: DeadLetter[] = [];
      for await (const letter of this.queue.deadLetters.list()) letters.push(letter);
      return letters;
    };
    return this.during(all());
  }

  /** Waits for the promise while time passes. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => {
      settled = true;
    });
    watched.catch(() => undefined);
    while (!settled) await this.subject.pass(STEP);
    return watched;
  }

  /** Tells the model which handlers were called. Waits until no message is overlooked and the dead letters are right. */
  async agree(model: Reference): Promise<void> {
    const end = this.subject.now() + PATIENCE;
    await this.subject.pass(0);
    for (;;) {
      this.tell(model);
      const difference = await this.#difference(model);
      if (difference === undefined) return;
      if (this.subject.now() > end) throw new Error(difference);
      await this.subject.pass(STEP);
    }
  }

  /** Tells the model which handlers were called. */
  tell(model: Reference): void {
    for (const begun of this.#begun.splice(0)) model.begin(begun);
  }

  async #difference(model: Reference): Promise<string | undefined> {
    const overlooked = model.overlooked(this.subject.slack);
    if (overlooked !== undefined) return `${overlooked} is due, and no handler gets it`;
    const { ready = 0, delayed = 0, inFlight = 0, dead } = await this.during(this.queue.stats());
    const live = ready + delayed + inFlight;
    if (live !== model.size) return `the server has ${live} messages, not ${model.size}`;
    return dead === model.dead.length ? undefined : `the server has ${dead} dead letters, not ${model.dead.length}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { faults } of this.#vanished) faults.clearAway();
    const processes = [...this.#vanished, this.#process];
    await this.during(Promise.all(processes.map(({ broker }) => broker.close({ drainTimeout: 0 }))));
  }
}

async function end(message: Message<null>, ending: Ending): Promise<void> {
  switch (ending.by) {
    case "return":
      return;
    case "throw":
      throw new Error("it fails");
    case "ack":
      await message.ack();
      return;
    case "retry":
      await message.retry({ delay: ending.delay });
      return;
    case "deadLetter":
      await message.deadLetter("refused");
  }
}
