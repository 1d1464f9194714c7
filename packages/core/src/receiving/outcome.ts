import type { ConsumerStats } from "../api/consuming.ts";
import { events, type GiveUpEvent, settleTracing } from "../api/diagnostics.ts";
import { show } from "../base/check.ts";
import type { Clock } from "../base/clock.ts";
import { BrokerError, reasonOf, redact, textOf } from "../base/errors.ts";
import type { SourceEntity } from "../contract/entities.ts";
import { describeEntity } from "../contract/entities.ts";
import { OWN, truncate } from "../contract/headers.ts";
import type { HeaderChanges } from "../contract/message.ts";
import type { Settlement, SettleResult } from "../contract/settlement.ts";
import type { Connection } from "../link/connection.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Held, Verbs } from "./held.ts";
import type { Plan } from "./plan.ts";
import type { Report } from "./reporter.ts";

/** What became of the deliveries of one consumer. */
export type Counters = { -readonly [K in Exclude<keyof ConsumerStats, "running" | "waiting">]: number };

/** What deciding needs. */
export interface OutcomeContext {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly connection: Connection;
  readonly entity: SourceEntity;
  readonly report: Report;
  readonly dispatcher: () => Dispatcher;
}

/** A settlement that failed for now is asked for again after this long, in milliseconds. */
const AGAIN = 1_000;
/** Most bytes of a reason or an error's text on a dead letter. */
const TEXT_MAX = 512;
const YEAR = 31_536_000_000;

type Told = ((took: boolean) => void) | undefined;

/** Decides what becomes of each message, and sees to it that it does. */
export class Outcome implements Verbs {
  readonly counters: Counters = {
    acked: 0,
    retried: 0,
    deadLettered: 0,
    discarded: 0,
    expired: 0,
    filtered: 0,
    returned: 0,
  };
  readonly #is: OutcomeContext;
  /** Failed while their handler has not come back; they rest here when it does. */
  readonly #afterRun = new Map<Held, number>();

  constructor(context: OutcomeContext) {
    this.#is = context;
  }

  ack(held: Held): Promise<boolean> {
    return this.#asked(held, (told) => this.put(held, "ack", "acked", told));
  }

  async retry(held: Held, delay: number | undefined): Promise<boolean> {
    if (delay !== undefined && !(Number.isInteger(delay) && delay >= 0 && delay <= YEAR)) {
      throw new TypeError(`retry: delay must be an integer from 0 to ${YEAR} ms, not ${show(delay)}`);
    }
    return this.#asked(held, (told) => this.#failed(held, new Error("the handler asked for a retry"), delay, told));
  }

  async deadLetter(held: Held, reason: string): Promise<boolean> {
    if (typeof reason !== "string" || reason === "") {
      throw new TypeError(`deadLetter: reason must be a text, not ${show(reason)}`);
    }
    return this.#asked(held, (told) => this.bury(held, reason, undefined, told));
  }

  /** The handler came back. */
  succeeded(held: Held): void {
    if (held.state === "running") this.put(held, "ack", "acked");
    this.#leave(held);
  }

  /** The handler threw. */
  threw(held: Held, error: unknown): void {
    this.#is.report(error, held);
    if (held.state === "running") this.#failed(held, error, undefined, undefined);
    this.#leave(held);
  }

  /** The handler's time is over; an ordered key stays taken until it comes back. */
  timedOut(held: Held): void {
    if (held.state !== "running") return;
    const { entity, plan, report } = this.#is;
    const error = new BrokerError(
      "TIMEOUT",
      `a handler of ${describeEntity(entity)} did not finish within ${plan.timeout} ms`,
    );
    held.abort(error);
    report(error, held);
    this.#failed(held, error, undefined, undefined);
  }

  /** Settles it without a copy. */
  put(held: Held, action: "ack" | "release", counter: keyof Counters, told?: Told): void {
    this.#settle(held, { action, delivery: held.delivery }, counter, told);
  }

  /** Dropped for good, with an event. */
  discard(held: Held, reason: string, counter: "discarded" | "expired", told?: Told): void {
    events.discard(this.#event(held, reason));
    this.put(held, "ack", counter, told);
  }

  /** Round again, not counted as a failure. */
  goRound(held: Held, delay: number, headers: HeaderChanges): void {
    if (this.inPlace(held, delay)) return this.#is.dispatcher().rest(held, delay);
    this.#settle(held, { action: "retry", delivery: held.delivery, delay, headers }, "returned", undefined);
  }

  /** To the dead letters, whatever it takes; an ephemeral subscription has none, so there it is discarded. */
  bury(held: Held, reason: string, error: unknown, told?: Told): void {
    const { entity, clock } = this.#is;
    if (entity.kind === "subscription" && !entity.durable) return this.discard(held, reason, "discarded", told);
    const short = { [OWN.attempt]: String(held.failures + 1), [OWN.deadReason]: truncate(reason, TEXT_MAX) };
    const full = {
      ...short,
      [OWN.deadError]: error === undefined ? undefined : truncate(redact(textOf(error)), TEXT_MAX),
      [OWN.deadSource]: describeEntity(entity),
      [OWN.deadAt]: new Date(clock.now()).toISOString(),
      [OWN.notBefore]: undefined,
      [OWN.suspect]: undefined,
    };
    const { delivery } = held;
    const ways: readonly Settlement[] = [
      { action: "deadLetter", delivery, headers: full },
      { action: "deadLetter", delivery, headers: short },
      { action: "reject", delivery },
    ];
    this.#bury(held, ways, 0, (took) => {
      if (took) events.deadLetter(this.#event(held, reason));
      told?.(took);
    });
  }

  /**
   * Whether a failed message stays with its consumer: no copy can be made, none that waits so long, or nothing of its
   * key may pass it.
   */
  inPlace(held: Held, delay: number = 0): boolean {
    const { entity, connection } = this.#is;
    const { ordering, retryDelay } = connection.capabilities;
    return (
      !held.life.source.returns || (entity.ordered && ordering === "strict") || (delay > 0 && retryDelay === "none")
    );
  }

  #bury(held: Held, ways: readonly Settlement[], at: number, told: Told): void {
    const way = ways[at];
    if (way === undefined) return this.#later(held, this.#is.plan.retry.longest, () => this.#bury(held, ways, 1, told));
    this.#settle(held, way, "deadLettered", told, (error) => {
      if (error.retryable) this.#later(held, AGAIN, () => this.#bury(held, ways, at, told));
      else this.#bury(held, ways, at + 1, told);
    });
  }

  #asked(held: Held, settle: (told: Told) => void): Promise<boolean> {
    return held.state === "running" ? new Promise((resolve) => settle(resolve)) : Promise.resolve(false);
  }

  #failed(held: Held, error: unknown, delay: number | undefined, told: Told): void {
    const { retry } = this.#is.plan;
    const verdict = this.#classify(held, error);
    const failures = held.failures + 1;
    if (verdict === "discard") return this.discard(held, "classified", "discarded", told);
    if (verdict === "dead-letter") return this.bury(held, "classified", error, told);
    if (failures >= retry.attempts) return this.bury(held, "attempts-exhausted", error, told);
    if (expired(held, this.#is.clock.now())) return this.discard(held, "expired", "expired", told);
    const wait = delay ?? retry.wait(failures);
    if (this.inPlace(held, wait)) return this.#rest(held, failures, wait, told);
    const headers = {
      [OWN.attempt]: String(failures),
      [OWN.suspect]: undefined,
      [OWN.notBefore]: this.#notBefore(wait),
    };
    // When no copy can be made of it, it stays with us and is run again here.
    this.#settle(
      held,
      { action: "retry", delivery: held.delivery, delay: wait, headers },
      "retried",
      told,
      (refused) =>
        refused.retryable
          ? this.#later(held, AGAIN, () => this.#failed(held, error, delay, told))
          : this.#rest(held, failures, wait, told),
    );
  }

  /** An emulated delay may hand the copy out early; by this header the core sees that it is. */
  #notBefore(wait: number): string | undefined {
    const { clock, connection } = this.#is;
    const emulated = wait > 0 && connection.capabilities.retryDelay === "emulated";
    return emulated ? String(Math.ceil(clock.now() + wait)) : undefined;
  }

  #rest(held: Held, failures: number, wait: number, told: Told): void {
    held.failures = failures;
    held.state = "settled";
    this.counters.retried += 1;
    told?.(true);
    if (held.run === undefined) this.#is.dispatcher().rest(held, wait);
    else this.#afterRun.set(held, wait);
  }

  /** The handler is done with it: its key is free, unless it is to run again here. */
  #leave(held: Held): void {
    const wait = this.#afterRun.get(held);
    this.#afterRun.delete(held);
    if (wait !== undefined && held.state !== "lost") this.#is.dispatcher().rest(held, wait);
    else if (held.state !== "resting") this.#is.dispatcher().free(held);
  }

  #classify(held: Held, error: unknown): "retry" | "dead-letter" | "discard" {
    try {
      return this.#is.plan.retry.classify?.(error, held) ?? "retry";
    } catch (thrown) {
      this.#is.report(thrown, held);
      return "retry";
    }
  }

  /** What fails while the message is still ours is `refused`'s to deal with; without one it is tried again. */
  #settle(
    held: Held,
    settlement: Settlement,
    counter: keyof Counters,
    told: Told,
    refused?: (error: BrokerError) => void,
  ): void {
    if (held.state === "lost") return told?.(false);
    held.state = "settled";
    const traced = settleTracing.hasSubscribers ? trace(held, settlement.action) : undefined;
    held.life.settle(settlement, (result) => {
      traced?.(result);
      if (result === undefined) {
        held.life.drop(held);
        this.counters[counter] += 1;
        return told?.(true);
      }
      if (held.state === "lost") return told?.(false);
      const what = `${settlement.action} of a message from ${describeEntity(this.#is.entity)}`;
      const error = this.#is.connection.wrap(result.error, what);
      if (!result.lost) {
        this.#is.report(error, held);
        return refused === undefined
          ? this.#later(held, AGAIN, () => this.#settle(held, settlement, counter, told))
          : refused(error);
      }
      this.counters.returned += 1;
      held.life.drop(held);
      const message = `${what} came too late: the message is no longer held (${reasonOf(result.error)})`;
      this.#is.report(new BrokerError("LEASE_LOST", message, { cause: result.error }), held);
      told?.(false);
    });
  }

  /** After a wait, or as soon as the message is no longer ours: then `run` finds that out. */
  #later(held: Held, wait: number, run: () => void): void {
    const { signal } = held.life;
    const over = (): void => {
      cancel();
      signal.removeEventListener("abort", over);
      run();
    };
    const cancel = this.#is.clock.after(wait, over);
    signal.addEventListener("abort", over, { once: true });
  }

  #event(held: Held, reason: string): GiveUpEvent {
    return { source: held.source, id: held.id, attempt: held.attempt, reason };
  }
}

/** Whether the message asked to be gone by now. */
export function expired(held: Held, now: number): boolean {
  const at = held.delivery.headers[OWN.expiresAt];
  return at !== undefined && Number(at) <= now;
}

function trace(held: Held, action: string): (result: SettleResult) => void {
  const event = { source: held.source, id: held.id, action, attempt: held.attempt };
  settleTracing.start.publish(event);
  settleTracing.end.publish(event);
  return (result) => {
    if (result !== undefined) settleTracing.error.publish({ ...event, error: result.error });
    settleTracing.asyncEnd.publish(event);
  };
}
