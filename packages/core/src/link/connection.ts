import { events } from "../api/diagnostics.ts";
import { pause } from "../base/clock.ts";
import { BrokerError, reasonOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { openWithin } from "../base/open-within.ts";
import { withTimeLimit } from "../base/time-limit.ts";
import { aborted, cancelled, orAborted, Waiters } from "../base/wait.ts";
import { type Capabilities, type Feature, refine } from "../contract/capabilities.ts";
import { CONTRACT, type Driver, type LinkContext } from "../contract/driver.ts";
import type { Link } from "../contract/link.ts";
import { OutageLog } from "./outage-log.ts";

/** The times of connecting and reconnecting, in ms. */
export interface ConnectionTimes {
  readonly connectTimeout: number;
  readonly reconnect: { readonly initial: number; readonly max: number };
}

/** Gets notified when a link is up and when it is lost. */
export interface ConnectionListener {
  readonly up?: ((link: Link) => void) | undefined;
  readonly down?: ((error: BrokerError) => void) | undefined;
}

/** How long one attempt to connect may take, in ms. */
const ATTEMPT_TIMEOUT = 10_000;
/** The longest wait between two attempts at the first connection, in ms. It is short because `connect` waits for it. */
const FIRST_WAIT_MAX = 1_000;
/** The longest wait between two attempts while something waits for the connection, in ms. */
const WANTED_WAIT = 2_000;
/** How long a question after the connection counts as waiting for it, in ms: health checks come at intervals. */
const ASKED_FOR = 30_000;
/** How long closing a link gracefully may take, in ms. */
const CLOSE_TIMEOUT = 5_000;

/** Keeps a driver connected: opens a new link whenever one is lost, until it is closed. */
export class Connection {
  readonly driver: Driver;
  readonly context: LinkContext;
  readonly log: Log;
  readonly #outages: OutageLog;
  readonly #times: ConnectionTimes;
  readonly #listeners = new Set<ConnectionListener>();
  /** Say whether something waits for the connection. */
  readonly #wants = new Set<() => boolean>();
  /** Wakes the supervisor when something begins to wait. */
  readonly #hurried = new Waiters();
  #waiting = 0;
  #askedUntil = 0;
  readonly #closing = new AbortController();
  #supervisor: Promise<void> = Promise.resolve();
  /** The current link; undefined while disconnected. */
  link: Link | undefined;
  capabilities: Capabilities;
  /** Why there is no link. */
  lastError: BrokerError | undefined;

  constructor(driver: Driver, context: LinkContext, times: ConnectionTimes, log: Log) {
    const version: number = driver.contract;
    if (version !== CONTRACT) {
      const versions = `${version} of the driver contract, and @anybroker/core has version ${String(CONTRACT)}`;
      const message = `adapter ${driver.name} has version ${versions}: install the same version of both packages`;
      throw new BrokerError("INVALID_CONFIG", message);
    }
    this.driver = driver;
    this.context = context;
    this.log = log;
    this.#outages = new OutageLog(log, context.clock, driver.address);
    this.#times = times;
    this.capabilities = refine(driver.capabilities, {});
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Returns a function that removes the listener. */
  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Registers a reason to connect again soon: `isWanted` says whether it holds. `hurry` when it begins to. */
  wantedBy(isWanted: () => boolean): void {
    this.#wants.add(isWanted);
  }

  /** Something waits for the connection: the next attempt comes soon. */
  hurry(): void {
    if (this.link === undefined) this.#hurried.wake();
  }

  /** Something has asked for the state of the connection, and will ask again: attempts come soon for a while. */
  askedAfter(): void {
    this.#askedUntil = this.context.clock.now() + ASKED_FOR;
    this.hurry();
  }

  /** Connects for the first time. Rejects at once if retrying cannot help, else when `connectTimeout` is over. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.context;
    const stop = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    const deadline = clock.now() + this.#times.connectTimeout;
    for (let tries = 0; this.link === undefined; tries += 1) {
      try {
        this.#begin(await this.#connect(stop, Math.min(ATTEMPT_TIMEOUT, deadline - clock.now())));
      } catch (error) {
        if (stop.aborted) throw cancelled(`connecting to ${this.driver.address}`, stop);
        const wrapped = this.wrap(error, `cannot connect to ${this.driver.address}`);
        const wait = Math.min(FIRST_WAIT_MAX, this.#backoff(tries));
        if (!wrapped.retryable || clock.now() + wait >= deadline) throw wrapped;
        const left = Math.round((deadline - clock.now()) / 1_000);
        if (tries === 0) this.log.alarm(`${wrapped.message}; trying for ${left} s more`, wrapped);
        await pause(clock, wait, stop);
      }
    }
  }

  /** Returns the current link, or waits for the next one. Rejects with `CLOSED`, or with `CANCELLED` on abort. */
  async up(signal: AbortSignal, what: string): Promise<Link> {
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    if (this.link !== undefined && !stop.aborted) return this.link;
    const next = Promise.withResolvers<Link>();
    const forget = this.listen({ up: next.resolve });
    this.#waiting += 1;
    this.hurry();
    try {
      return await orAborted(next.promise, stop);
    } catch {
      throw this.closed ? this.closedError(what) : cancelled(what, signal);
    } finally {
      this.#waiting -= 1;
      forget();
    }
  }

  /**
   * Settles as the promise does, but rejects as soon as the link ends or the signal aborts. Anything that the promise brings
   * after that is passed to `close`.
   */
  async within<T>(
    link: Link,
    promise: Promise<T>,
    signal: AbortSignal,
    close: (late: T) => unknown = () => {},
  ): Promise<T> {
    const ended = new AbortController();
    const forget = this.listen({ down: (error) => ended.abort(error) });
    if (this.link !== link) ended.abort(this.lastError);
    try {
      return await openWithin(promise, AbortSignal.any([signal, ended.signal]), close);
    } finally {
      forget();
    }
  }

  /** Throws `UNSUPPORTED` unless the broker has the feature. */
  requireFeature(feature: Feature, what: string): void {
    if (this.capabilities[feature] !== "none") return;
    const { server } = this.link ?? {};
    const broker = server === undefined ? this.driver.name : `${server.product} ${server.version}`;
    throw new BrokerError("UNSUPPORTED", `${what}: ${broker} does not support it (${feature})`);
  }

  closedError(what: string): BrokerError {
    return new BrokerError("CLOSED", `${what}: the broker object is closed`);
  }

  /** Wraps the client's error in a `BrokerError`. Returns a `BrokerError` as it is. */
  wrap(error: unknown, what: string, outcomeUnknown = false): BrokerError {
    if (error instanceof BrokerError && error.outcomeUnknown === outcomeUnknown) return error;
    const { code, retryable } = error instanceof BrokerError ? error : this.driver.classify(error);
    return new BrokerError(code, `${what}: ${reasonOf(error)}`, { retryable, outcomeUnknown, cause: error });
  }

  async close(): Promise<void> {
    const link = this.closed ? undefined : this.link;
    this.#closing.abort(new Error("the broker object is closed"));
    if (link !== undefined) {
      // An error does not matter here, because the link is given up either way.
      await withTimeLimit(CLOSE_TIMEOUT, (limit) => orAborted(link.close(limit), limit)).catch(() => {});
    }
    await this.#supervisor;
  }

  #begin(link: Link): void {
    const { product, version } = link.server;
    this.#outages.up(`${product} ${version}`);
    this.link = link;
    this.lastError = undefined;
    this.capabilities = refine(this.driver.capabilities, link.server.capabilities);
    events.reconnect({ broker: this.log.broker, state: "up", error: undefined });
    for (const { up } of [...this.#listeners]) up?.(link);
    this.#supervisor = this.#supervise(link);
  }

  async #supervise(link: Link): Promise<void> {
    const reason = await Promise.race([link.lost, aborted(this.#closing.signal)]);
    this.link = undefined;
    const error = this.closed ? this.closedError("connection") : this.#lost(reason ?? new Error("connection lost"));
    this.lastError = error;
    if (!this.closed) {
      this.#outages.lost(error);
      events.reconnect({ broker: this.log.broker, state: "lost", error });
    } else this.log.info(`disconnected from ${this.driver.address}`);
    for (const { down } of [...this.#listeners]) down?.(error);
    const { signal } = this.#closing;
    for (let tries = 0; !signal.aborted; tries += 1) {
      await this.#pauseBefore(tries, signal);
      try {
        if (signal.aborted) return;
        const next = await this.#connect(signal, ATTEMPT_TIMEOUT);
        return signal.aborted ? await withTimeLimit(CLOSE_TIMEOUT, (end) => next.close(end)) : this.#begin(next);
      } catch (failure) {
        if (signal.aborted) return;
        this.lastError = this.wrap(failure, `cannot connect to ${this.driver.address}`);
        this.#outages.failed(this.lastError);
        events.reconnect({ broker: this.log.broker, state: "failed", error: this.lastError });
      }
    }
  }

  /** The error for the end of a link. It is always retryable, because the next link may succeed. */
  #lost(cause: unknown): BrokerError {
    const { code, retryable } = this.driver.classify(cause);
    const message = `connection to ${this.driver.address} lost: ${reasonOf(cause)}`;
    return new BrokerError(retryable ? code : "UNAVAILABLE", message, { retryable: true, cause });
  }

  /** Waits before a try. What begins to wait for the connection meanwhile shortens the wait. */
  async #pauseBefore(tries: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.context;
    const start = clock.now();
    const random = Math.random();
    while (!signal.aborted) {
      const left = start + this.#wait(tries, random) - clock.now();
      if (left <= 0) return;
      const over = new AbortController();
      const stop = AbortSignal.any([signal, over.signal]);
      await Promise.race([pause(clock, left, stop), this.#hurried.wait(stop)]);
      over.abort();
    }
  }

  /** A refused password or a wrong setting needs a person to mend it: the next try comes late. */
  #wait(tries: number, random: number): number {
    const { max } = this.#times.reconnect;
    if (tries > 0 && this.lastError?.retryable === false) return max;
    const isWanted =
      this.#waiting > 0 || this.context.clock.now() < this.#askedUntil || [...this.#wants].some((want) => want());
    return this.#backoff(tries, random, isWanted ? Math.min(max, WANTED_WAIT) : max);
  }

  /** Full jitter, so that many clients do not come back at once. */
  #backoff(tries: number, random: number = Math.random(), max: number = this.#times.reconnect.max): number {
    return random * Math.min(max, this.#times.reconnect.initial * 2 ** Math.min(tries, 30));
  }

  async #connect(signal: AbortSignal, timeout: number): Promise<Link> {
    const slow = new AbortController();
    const error = new BrokerError("UNAVAILABLE", `no answer from ${this.driver.address}`, { retryable: true });
    const cancel = this.context.clock.after(timeout, () => slow.abort(error));
    const limit = AbortSignal.any([signal, slow.signal]);
    const opening = this.driver.connect(this.context, limit);
    const closeLate = (link: Link): Promise<void> => withTimeLimit(CLOSE_TIMEOUT, (end) => link.close(end));
    return openWithin(opening, limit, closeLate).finally(cancel);
  }
}
