import type { ErrorCode } from "@anybroker/core";
import type {
  Delivery,
  Destination,
  Driver,
  Entity,
  Link,
  OutgoingMessage,
  SendFailure,
  Settlement,
  SettleResult,
  Source,
} from "@anybroker/core/driver";
import { delegateDriver, delegateLink, delegateSource } from "./delegate.ts";

/** An error that a case lets happen under the core, as if the client library had thrown it. */
export class StagedError extends Error {
  override readonly name = "StagedError";
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, retryable: boolean, message = `staged ${code}`) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

/** What becomes of a message that a case stops on its way: it fails, or its confirmation waits for the promise. */
export type SendFault = SendFailure | Promise<void>;

/**
 * What a case lets go wrong between the core and the driver, and what it sees there. While nothing is set, everything
 * passes through unchanged.
 */
export class Faults {
  /** Calls that reached the driver since it connected, by name: for "before any I/O". */
  readonly calls: string[] = [];
  /** Settlements that reached the driver. */
  readonly settled: Settlement[] = [];
  /** Entities that the core has named to the driver. */
  readonly entities: Map<string, Entity> = new Map();
  /** Fails a connection, or holds it up until the promise resolves. */
  connect: (() => StagedError | Promise<void> | undefined) | undefined;
  /** Stops a message. */
  send: ((message: OutgoingMessage, destination: Destination) => SendFault | undefined) | undefined;
  /** Lets a settlement fail; the delivery stays ours. */
  settle: ((settlement: Settlement) => StagedError | undefined) | undefined;
  /** Makes sources say that they have no return queue. */
  withoutReturns = false;
  /** Ends the present link, as when the connection is lost. Set once there is one. */
  cut: (() => Promise<void>) | undefined;
  /** While it is pending the driver neither receives, settles nor extends: as if the process hung. */
  silence: Promise<void> | undefined;
}

/** The driver with a layer that does what `faults` says. */
export function withFaults(driver: Driver, faults: Faults): Driver {
  return delegateDriver(driver, {
    async connect(context, signal) {
      const fault = faults.connect?.();
      if (fault instanceof StagedError) throw fault;
      if (fault !== undefined) await untilAborted(fault, signal);
      const link = await driver.connect(context, signal);
      faults.calls.length = 0;
      return faultyLink(link, faults);
    },
    classify: (error) =>
      error instanceof StagedError ? { code: error.code, retryable: error.retryable } : driver.classify(error),
  });
}

function faultyLink(link: Link, faults: Faults): Link {
  faults.cut = async () => {
    await link.close(AbortSignal.abort(new Error("cut"))).catch(() => {});
    await link.lost;
  };
  return delegateLink(link, {
    async declare(entities, mode, signal) {
      faults.calls.push("declare");
      for (const entity of entities) note(faults, entity);
      return await link.declare(entities, mode, signal);
    },
    async send(destination, batch, report, signal) {
      faults.calls.push("send");
      note(faults, destination);
      await faultySend(link, faults, destination, batch, report, signal);
    },
    async open(entity, options, lost, signal) {
      faults.calls.push("open");
      note(faults, entity);
      const tell = (deliveries: readonly Delivery[]): void => {
        if (faults.silence === undefined) lost(deliveries);
        else void faults.silence.then(() => lost(deliveries));
      };
      return faultySource(await link.open(entity, options, tell, signal), faults);
    },
    async stats(entity, signal) {
      faults.calls.push("stats");
      return await link.stats(entity, signal);
    },
    deadLetters(entity) {
      faults.calls.push("deadLetters");
      return link.deadLetters(entity);
    },
  });
}

async function faultySend(
  link: Link,
  faults: Faults,
  destination: Destination,
  batch: readonly OutgoingMessage[],
  report: (index: number, failure?: SendFailure) => void,
  signal: AbortSignal,
): Promise<void> {
  const passing: number[] = [];
  const held = new Map<number, Promise<void>>();
  const refused = new Map<string, SendFailure>();
  for (const [index, message] of batch.entries()) {
    // As every driver does: what follows a refused message of its key in the batch must not pass it.
    const fault =
      (message.key === undefined ? undefined : refused.get(message.key)) ?? faults.send?.(message, destination);
    if (fault instanceof Promise) held.set(index, fault);
    if (fault === undefined || fault instanceof Promise) passing.push(index);
    else {
      if (message.key !== undefined) refused.set(message.key, fault);
      report(index, fault);
    }
  }
  if (passing.length === 0) return;
  const waiting: Promise<void>[] = [];
  const forward = (position: number, failure?: SendFailure): void => {
    const index = passing[position] ?? -1;
    const gate = held.get(index);
    if (gate === undefined) return report(index, failure);
    waiting.push(untilAborted(gate, signal).then(() => (signal.aborted ? undefined : report(index, failure))));
  };
  const messages = batch.filter((_, index) => passing.includes(index));
  await link.send(destination, messages, forward, signal);
  await Promise.all(waiting);
}

function faultySource(source: Source, faults: Faults): Source {
  return delegateSource(source, {
    ...(faults.withoutReturns ? { returns: false } : {}),
    async receive(max, signal) {
      if (faults.silence !== undefined) {
        await untilAborted(faults.silence, signal);
        if (signal.aborted) return [];
      }
      return await source.receive(max, signal);
    },
    async settle(batch, signal) {
      if (faults.silence !== undefined) await untilAborted(faults.silence, signal);
      faults.settled.push(...batch);
      return await faultySettle(source, faults, batch, signal);
    },
    ...(source.extend === undefined ? {} : { extend: extension(source, faults) }),
  });
}

function extension(source: Source, faults: Faults): NonNullable<Source["extend"]> {
  return async (deliveries: readonly Delivery[], signal: AbortSignal) => {
    if (faults.silence !== undefined) await untilAborted(faults.silence, signal);
    return (await source.extend?.(deliveries, signal)) ?? [];
  };
}

async function faultySettle(
  source: Source,
  faults: Faults,
  batch: readonly Settlement[],
  signal: AbortSignal,
): Promise<readonly SettleResult[]> {
  const results: SettleResult[] = batch.map((settlement) => {
    const error = faults.settle?.(settlement);
    return error === undefined ? undefined : { error, lost: false };
  });
  const passing = batch.filter((_, index) => results[index] === undefined);
  if (passing.length === 0) return results;
  const rest = [...(await source.settle(passing, signal))];
  return results.map((result) => result ?? rest.shift());
}

function note(faults: Faults, entity: Entity): void {
  const name = entity.kind === "subscription" ? `${entity.topic.name}/${entity.name}` : entity.name;
  faults.entities.set(`${entity.kind} ${name}`, entity);
  if (entity.kind === "subscription") note(faults, entity.topic);
}

function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
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
