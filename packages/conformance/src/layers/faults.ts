import type { Declared, ErrorCode } from "@anybroker/core";
import type {
  Delivery,
  Destination,
  Driver,
  Entity,
  Link,
  OutgoingMessage,
  ReportOutcome,
  SendFailure,
  Settlement,
  SettleResult,
  Source,
} from "@anybroker/core/driver";
import { overrideDriver, overrideLink, overrideSource } from "./override.ts";

/** An error that a test injects between the core and the driver, as if the client library had thrown it. */
export class InjectedError extends Error {
  override readonly name = "InjectedError";
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, retryable: boolean, message = `injected ${code}`) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

/** The fault of one message: it fails before it reaches the driver, or its confirmation waits for the promise. */
export type SendFault = SendFailure | Promise<void>;

/**
 * The faults that a test injects between the core and the driver, and the calls that it observes there. Set and unset
 * them at any time. While none is set, every call passes through unchanged.
 */
export class Faults {
  /** The names of the calls that reached the driver since it connected. */
  readonly calls: string[] = [];
  /** The settlements that reached the driver. */
  readonly settlements: Settlement[] = [];
  /** The entities that the core has named to the driver. */
  readonly entities: Map<string, Entity> = new Map();
  /** Called for each connection. It fails with the returned error, or waits for the returned promise. */
  connect: (() => InjectedError | Promise<void> | undefined) | undefined;
  /** Called for each message that is sent. */
  send: ((message: OutgoingMessage, destination: Destination) => SendFault | undefined) | undefined;
  /** Called for each settlement. It fails with the returned error; the consumer still holds the delivery. */
  settle: ((settlement: Settlement) => InjectedError | undefined) | undefined;
  /** Makes each source that is opened report that it has no return queue. */
  noReturnQueue = false;
  /** While this promise is pending, no source receives, settles or extends a lease, as if the process hung. */
  hang: Promise<void> | undefined;
  /** Ends the current link, as a lost connection does. Set by the layer when the driver connects. */
  cut: (() => Promise<void>) | undefined;
  readonly #vanishing = new AbortController();
  readonly #remains = Promise.withResolvers<never>();

  constructor() {
    this.#remains.promise.catch(() => {});
  }

  /** Whether `vanish` was called. */
  get vanished(): boolean {
    return this.#vanishing.signal.aborted;
  }

  /**
   * Makes the process vanish: the broker sees its connections end, and the core hears nothing any more. No call returns, no
   * source receives, and the end of the link is not reported. Abandon the broker object, or call `clearAway` and close it.
   */
  async vanish(): Promise<void> {
    this.#vanishing.abort();
    await this.cut?.();
  }

  /** Fails every call that hangs since the process vanished, so that its broker object can be closed. */
  clearAway(): void {
    if (this.vanished) this.#remains.reject(new InjectedError("UNAVAILABLE", false, "the process has vanished"));
  }

  /** The result of a call, unless the process has vanished meanwhile. */
  unlessVanished<T>(call: Promise<T>): Promise<T> {
    const { signal } = this.#vanishing;
    return new Promise((resolve, reject) => {
      const hang = (): void => void this.#remains.promise.catch(reject);
      if (signal.aborted) hang();
      else signal.addEventListener("abort", hang, { once: true });
      call.then(
        (value) => {
          signal.removeEventListener("abort", hang);
          if (!signal.aborted) resolve(value);
        },
        (error: unknown) => {
          signal.removeEventListener("abort", hang);
          if (!signal.aborted) reject(error);
        },
      );
    });
  }
}

/** The driver with a layer above it that applies the faults. */
export function withFaults<C extends Declared, N>(driver: Driver<C, N>, faults: Faults): Driver<C, N> {
  return overrideDriver(driver, {
    async connect(context, signal) {
      const fault = faults.connect?.();
      if (fault instanceof InjectedError) throw fault;
      if (fault !== undefined) await settledOrAborted(fault, signal);
      const link = await faults.unlessVanished(driver.connect(context, signal));
      faults.calls.length = 0;
      return faultyLink(link, faults);
    },
    classify: (error) =>
      error instanceof InjectedError ? { code: error.code, retryable: error.retryable } : driver.classify(error),
  });
}

function faultyLink<N>(link: Link<N>, faults: Faults): Link<N> {
  const sources = new Set<Source>();
  faults.cut = async () => {
    const cut = AbortSignal.abort(new Error("cut"));
    await link.close(cut).catch(() => {});
    await link.lost;
    // A core that hears of the end closes its sources. One that has vanished cannot.
    if (faults.vanished) await Promise.allSettled([...sources].map((source) => source.close(cut)));
  };
  return overrideLink(link, {
    lost: faults.unlessVanished(link.lost).catch((error: unknown) => error),
    async declare(entities, mode, signal) {
      faults.calls.push("declare");
      for (const entity of entities) record(faults, entity);
      return await link.declare(entities, mode, signal);
    },
    async send(destination, batch, report, signal) {
      faults.calls.push("send");
      record(faults, destination);
      await faults.unlessVanished(faultySend(link, faults, destination, batch, report, signal));
    },
    async open(entity, options, lost, signal) {
      faults.calls.push("open");
      record(faults, entity);
      const lostAfterHang = (deliveries: readonly Delivery[]): void => {
        if (faults.vanished) return;
        if (faults.hang === undefined) lost(deliveries);
        else void faults.hang.then(() => lost(deliveries));
      };
      const source = await link.open(entity, options, lostAfterHang, signal);
      sources.add(source);
      return faultySource(source, faults);
    },
    async stats(entity, signal) {
      faults.calls.push("stats");
      return await link.stats(entity, signal);
    },
    deadLetters(entity) {
      faults.calls.push("deadLetters");
      return link.deadLetters(entity);
    },
    remove: link.remove && counted("remove", link.remove.bind(link), faults),
    purge: link.purge && counted("purge", link.purge.bind(link), faults),
  });
}

type EntitiesCall = (entities: readonly Entity[], signal: AbortSignal) => Promise<void>;

function counted(name: string, call: EntitiesCall, faults: Faults): EntitiesCall {
  return async (entities, signal) => {
    faults.calls.push(name);
    await call(entities, signal);
  };
}

async function faultySend(
  link: Link,
  faults: Faults,
  destination: Destination,
  batch: readonly OutgoingMessage[],
  report: ReportOutcome,
  signal: AbortSignal,
): Promise<void> {
  const passing: number[] = [];
  const unconfirmed = new Map<number, Promise<void>>();
  const refusedKeys = new Map<string, SendFailure>();
  for (const [index, message] of batch.entries()) {
    // Every driver does the same: a later message of the key must not overtake the refused one within the batch.
    const fault =
      (message.key === undefined ? undefined : refusedKeys.get(message.key)) ?? faults.send?.(message, destination);
    if (fault instanceof Promise) unconfirmed.set(index, fault);
    if (fault === undefined || fault instanceof Promise) passing.push(index);
    else {
      if (message.key !== undefined) refusedKeys.set(message.key, fault);
      report(index, fault);
    }
  }
  if (passing.length === 0) return;
  const waiting: Promise<void>[] = [];
  const forward = (position: number, failure?: SendFailure): void => {
    const index = passing[position] ?? -1;
    const confirmation = unconfirmed.get(index);
    if (confirmation === undefined) return report(index, failure);
    waiting.push(
      settledOrAborted(confirmation, signal).then(() => (signal.aborted ? undefined : report(index, failure))),
    );
  };
  const messages = batch.filter((_, index) => passing.includes(index));
  await link.send(destination, messages, forward, signal);
  await Promise.all(waiting);
}

function faultySource(source: Source, faults: Faults): Source {
  return overrideSource(source, {
    ...(faults.noReturnQueue ? { returns: false } : {}),
    lost: faults.unlessVanished(source.lost).catch((error: unknown) => error),
    async receive(max, signal) {
      if (faults.hang !== undefined) {
        await settledOrAborted(faults.hang, signal);
        if (signal.aborted) return [];
      }
      return await faults.unlessVanished(Promise.resolve(source.receive(max, signal)));
    },
    async settle(batch, signal) {
      if (faults.hang !== undefined) await settledOrAborted(faults.hang, signal);
      faults.settlements.push(...batch);
      return await faults.unlessVanished(faultySettle(source, faults, batch, signal));
    },
    extend: source.extend === undefined ? undefined : faultyExtend(source, faults),
  });
}

function faultyExtend(source: Source, faults: Faults): NonNullable<Source["extend"]> {
  return async (deliveries: readonly Delivery[], signal: AbortSignal) => {
    if (faults.hang !== undefined) await settledOrAborted(faults.hang, signal);
    return await faults.unlessVanished(source.extend?.(deliveries, signal) ?? Promise.resolve([]));
  };
}

async function faultySettle(
  source: Source,
  faults: Faults,
  batch: readonly Settlement[],
  signal: AbortSignal,
): Promise<readonly SettleResult[]> {
  const failures = batch.map((settlement): SettleResult => {
    const error = faults.settle?.(settlement);
    return error === undefined ? undefined : { error, lost: false };
  });
  const passing = batch.filter((_, index) => failures[index] === undefined);
  if (passing.length === 0) return failures;
  const results = [...(await source.settle(passing, signal))];
  return failures.map((failure) => failure ?? results.shift());
}

function record(faults: Faults, entity: Entity): void {
  const name = entity.kind === "subscription" ? `${entity.topic.name}/${entity.name}` : entity.name;
  faults.entities.set(`${entity.kind} ${name}`, entity);
  if (entity.kind === "subscription") record(faults, entity.topic);
}

/** Resolves when the promise has settled in any way or the signal has aborted. */
function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
    promise.then(done, done);
  });
}
