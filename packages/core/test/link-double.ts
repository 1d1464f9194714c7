// A server that the tests play, behind a driver and a link that implement the contract.
import { BrokerError, type Classification } from "../src/base/errors.ts";
import type { Declared } from "../src/contract/capabilities.ts";
import { CONTRACT, type Driver } from "../src/contract/driver.ts";
import type { Destination, Drift, Entity, SourceEntity } from "../src/contract/entities.ts";
import type { Link } from "../src/contract/link.ts";
import type { Delivery, OutgoingMessage, ReportOutcome } from "../src/contract/message.ts";
import type { OpenOptions, Source } from "../src/contract/source.ts";
import { Ending } from "../src/driver-kit/ending.ts";
import { unsupported } from "../src/driver-kit/failures.ts";

const CAPABILITIES: Declared = {
  "delay.send": "native",
  "delay.publish": "native",
  "delay.cancel": "none",
  retryDelay: "native",
  ttl: "native",
  priority: "native",
  filter: "native",
  "filter.stored": "native",
  from: "native",
  ephemeral: "native",
  "deadLetters.list": "native",
  "deadLetters.count": "native",
  "deadLetters.select": "native",
  stats: "native",
  delete: "none",
  purge: "none",
  peek: "none",
  "publish.unrouted": "native",
  ordering: "strict",
  sendOrder: "strict",
  limits: {
    body: 1_000_000,
    headers: 100,
    headerBytes: 100_000,
    headerValue: 10_000,
    delay: 1_000_000,
    publishDelay: 1_000_000,
    delayResolution: 0,
    nameMin: 1,
    nameMax: 100,
  },
};

const LOST = new BrokerError("UNAVAILABLE", "connection reset", { retryable: true });

/** One call of `send` that the server has not finished. */
export class SendCall {
  readonly destination: Destination;
  readonly batch: readonly OutgoingMessage[];
  readonly signal: AbortSignal;
  readonly #report: ReportOutcome;
  readonly #reported = new Set<number>();
  readonly #finished = Promise.withResolvers<void>();
  isFinished = false;
  /** Keys of which this call has refused a message; for a server that keeps their order. */
  readonly refusedKeys = new Set<string | undefined>();

  constructor(destination: Destination, batch: readonly OutgoingMessage[], report: ReportOutcome, signal: AbortSignal) {
    this.destination = destination;
    this.batch = batch;
    this.signal = signal;
    this.#report = report;
  }

  get ids(): readonly string[] {
    return this.batch.map(({ id }) => id);
  }

  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** The messages whose fate was not reported. */
  get open(): readonly OutgoingMessage[] {
    return this.isFinished ? [] : this.batch.filter((_, index) => !this.#reported.has(index));
  }

  accept(index: number): void {
    this.#reported.add(index);
    this.#report(index);
  }

  refuse(index: number, error: unknown, outcomeUnknown = false): void {
    this.#reported.add(index);
    this.#report(index, { error, outcomeUnknown });
  }

  /** Ends the call; what was not reported before is left so. */
  finish(): void {
    this.isFinished = true;
    this.#finished.resolve();
  }

  fail(error: unknown): void {
    this.isFinished = true;
    this.#finished.reject(error);
  }

  acceptAll(): void {
    for (let index = 0; index < this.batch.length; index += 1) if (!this.#reported.has(index)) this.accept(index);
    this.finish();
  }

  refuseAll(error: unknown, outcomeUnknown = false): void {
    for (let index = 0; index < this.batch.length; index += 1) {
      if (!this.#reported.has(index)) this.refuse(index, error, outcomeUnknown);
    }
    this.finish();
  }
}

/** What the server does; a test replaces what it is about. */
export class ServerDouble {
  window: Link["window"] = { messages: 1_000, bytes: 1_000_000 };
  /** Called when a `send` begins. */
  onSend: (call: SendCall) => void = () => {};
  /** Opens a source; a server that is only sent to has none. */
  open: (
    entity: SourceEntity,
    options: OpenOptions,
    lost: (deliveries: readonly Delivery[]) => void,
  ) => Promise<Source> = async () => {
    throw unsupported("this server is only sent to");
  };
  declare: (entities: readonly Entity[]) => Promise<readonly Drift[]> = async () => [];
  /** Whether it can be reached. */
  reachable = true;
  /** Every call of `send` so far. */
  readonly calls: SendCall[] = [];
  readonly declared: Entity[] = [];
  #ending = new Ending();

  /** The ids of all batches so far. */
  get batches(): readonly (readonly string[])[] {
    return this.calls.map(({ ids }) => ids);
  }

  /** Breaks the present link. What runs on it fails, and nobody knows its outcome. */
  breakLink(): void {
    for (const call of this.calls) if (!call.isFinished) call.fail(LOST);
    this.#ending.end(LOST);
  }

  readonly driver: Driver = {
    contract: CONTRACT,
    name: "double",
    address: "double:",
    capabilities: CAPABILITIES,
    connect: async () => {
      if (!this.reachable) throw new BrokerError("UNAVAILABLE", "connection refused", { retryable: true });
      this.#ending = new Ending();
      return this.#link(this.#ending);
    },
    classify(error): Classification {
      return error instanceof BrokerError ? error : { code: "INTERNAL", retryable: false };
    },
  };

  #link(ending: Ending): Link {
    return {
      server: { product: "Double", version: "1", capabilities: {} },
      native: undefined,
      lost: ending.lost,
      window: this.window,
      declare: async (entities) => {
        this.declared.push(...entities);
        return this.declare(entities);
      },
      send: async (destination, batch, report, signal) => {
        if (ending.over) throw LOST;
        const call = new SendCall(destination, batch, report, signal);
        this.calls.push(call);
        this.onSend(call);
        return call.finished;
      },
      open: (entity, options, lost) => this.open(entity, options, lost),
      stats: async () => ({ ready: undefined, delayed: undefined, inFlight: undefined, dead: undefined }),
      deadLetters() {
        throw unsupported("this server is only sent to");
      },
      health: async () => ({ degraded: undefined, details: {} }),
      close: async () => ending.end("closed"),
    };
  }
}
