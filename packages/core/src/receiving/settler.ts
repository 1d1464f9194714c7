import type { ConsumerStats } from "../api/consuming.ts";
import { events, type GiveUpEvent, settleTracing } from "../api/diagnostics.ts";
import type { BrokerIdentity } from "../base/broker-identity.ts";
import { show } from "../base/check.ts";
import type { Clock } from "../base/clock.ts";
import { BrokerError, reasonOf, textOf } from "../base/errors.ts";
import { redact, withoutSecrets } from "../base/redact.ts";
import { describeEntity, type SourceEntity } from "../contract/entities.ts";
import { OWN, truncate } from "../contract/headers.ts";
import type { HeaderChanges } from "../contract/message.ts";
import { formatCount } from "../contract/own-headers.ts";
import type { Settlement, SettleResult } from "../contract/settlement.ts";
import type { Connection } from "../link/connection.ts";
import type { HeldMessage, MessageSettler } from "./held-message.ts";
import type { Plan } from "./plan.ts";
import { isExpired } from "./receipt-decision.ts";
import type { ReportError } from "./reporter.ts";
import { decideRetry, retriesInPlace } from "./retry-decision.ts";

/** Counts of a consumer's settled messages. */
export type Counters = { -readonly [K in Exclude<keyof ConsumerStats, "running" | "waiting">]: number };

/** The counter that an ack increases. */
type AckCounter = "acked" | "filtered" | "discarded" | "expired";

/** The parts of its consumer that a settler uses. */
export interface SettlerContext {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly connection: Connection;
  readonly entity: SourceEntity;
  readonly report: ReportError;
  /** Tells that a message was dead-lettered. */
  readonly deadLettered: (held: HeldMessage, reason: string) => void;
  /** Remembers a message that is released or lost. Its next delivery to this broker object continues from there. */
  readonly remember: (held: HeldMessage) => void;
  /** Called if a message must run again after its handler has already returned. */
  readonly runAgain: (held: HeldMessage, wait: number) => void;
}

/** The wait before a failed settlement is retried, in ms. */
const RETRY_WAIT = 1_000;
/** The largest size of the reason and of the error on a dead letter, in bytes. */
const TEXT_MAX = 512;
const YEAR = 31_536_000_000;

/** Called with whether the settlement succeeded. */
type OnSettled = ((succeeded: boolean) => void) | undefined;

/** Settles messages. It carries out the decision about each of them, and retries until the broker has accepted it. */
export class Settler implements MessageSettler {
  readonly counters: Counters = {
    acked: 0,
    retried: 0,
    deadLettered: 0,
    discarded: 0,
    expired: 0,
    filtered: 0,
    returned: 0,
  };
  readonly #context: SettlerContext;
  /** Made once, so that an ack costs no closure. */
  readonly #ackAgain: Readonly<Record<AckCounter, (again: HeldMessage) => void>> = {
    acked: (again) => this.#ack(again, "acked"),
    filtered: (again) => this.#ack(again, "filtered"),
    discarded: (again) => this.#ack(again, "discarded"),
    expired: (again) => this.#ack(again, "expired"),
  };

  constructor(context: SettlerContext) {
    this.#context = context;
  }

  ack(held: HeldMessage): Promise<boolean> {
    return this.#whileRunning(held, (onSettled) => this.#ack(held, "acked", onSettled));
  }

  async retry(held: HeldMessage, delay: number | undefined): Promise<boolean> {
    if (delay !== undefined && !(Number.isInteger(delay) && delay >= 0 && delay <= YEAR)) {
      throw new TypeError(`retry: delay must be an integer from 0 to ${YEAR} ms, not ${show(delay)}`);
    }
    const error = new Error("the handler asked for a retry");
    return this.#whileRunning(held, (onSettled) => this.#fail(held, error, delay, onSettled));
  }

  async deadLetter(held: HeldMessage, reason: string): Promise<boolean> {
    if (typeof reason !== "string" || reason === "") {
      throw new TypeError(`deadLetter: reason must be a non-empty string, not ${show(reason)}`);
    }
    return this.#whileRunning(held, (onSettled) => this.giveUp(held, reason, undefined, onSettled));
  }

  /** The handler has returned. */
  succeed(held: HeldMessage): void {
    if (held.state === "running") this.#ack(held, "acked");
  }

  /** The handler has thrown or timed out. */
  fail(held: HeldMessage, error: unknown): void {
    this.#context.report(error, held);
    if (held.state === "running") this.#fail(held, error, undefined, undefined);
  }

  /** The handler has not returned in time. The message fails. */
  timeOut(held: HeldMessage): void {
    if (held.state !== "running") return;
    const { entity, plan } = this.#context;
    const what = `a handler of ${describeEntity(entity)} did not finish within ${plan.timeout} ms`;
    const error = new BrokerError("TIMEOUT", what);
    held.abort(error);
    this.fail(held, error);
  }

  /** Gives a message back unchanged. */
  release(held: HeldMessage): void {
    // Another consumer of this broker object may have it before the result is here.
    this.#context.remember(held);
    held.decide(undefined);
    this.#settle(held, { action: "release", delivery: held.delivery }, "returned", undefined);
  }

  /** Acks a message that the subscription's filter does not let through. */
  filterOut(held: HeldMessage): void {
    this.#ack(held, "filtered");
  }

  /** Drops a message for good, and publishes an event. */
  discard(held: HeldMessage, reason: string, counter: "discarded" | "expired", onSettled?: OnSettled): void {
    events.discard(this.#event(held, reason));
    this.#log("debug", held, `was dropped (${reason})`);
    this.#ack(held, counter, onSettled);
  }

  /** Sends a message back to its source. This is not a failure, and does not count as an attempt. */
  requeue(held: HeldMessage, wait: number, headers: HeaderChanges): void {
    if (retriesInPlace(held.holder.retryMeans, wait)) {
      return held.decideToRunAgain(held.failures, wait, this.#context.clock.now() + wait);
    }
    held.decide(undefined);
    this.#settle(held, { action: "retry", delivery: held.delivery, delay: wait, headers }, "returned", undefined);
  }

  /** Dead-letters a message. An ephemeral subscription has no dead letters, so its messages are discarded. */
  giveUp(held: HeldMessage, reason: string, error: unknown, onSettled?: OnSettled): void {
    const { entity, clock } = this.#context;
    if (entity.kind === "subscription" && !entity.durable) {
      events.discard(this.#event(held, reason));
      this.#log("warn", held, `was dropped (${reason}): an ephemeral subscription has no dead letters`);
      return this.#ack(held, "discarded", onSettled);
    }
    held.decide((again) => this.giveUp(again, reason, error));
    const short = {
      [OWN.attempt]: formatCount(held.failures + 1),
      [OWN.deadReason]: truncate(redact(reason), TEXT_MAX),
      [OWN.deadError]: undefined,
      [OWN.deadSource]: undefined,
      [OWN.deadAt]: undefined,
      [OWN.notBefore]: undefined,
    };
    const full = {
      ...short,
      [OWN.deadError]: error === undefined ? undefined : truncate(textOf(error), TEXT_MAX),
      [OWN.deadSource]: describeEntity(entity),
      [OWN.deadAt]: new Date(clock.now()).toISOString(),
    };
    const { delivery } = held;
    // The broker may refuse the first way, for example because of its size. Each next way adds fewer headers.
    const ways: readonly Settlement[] = [
      { action: "deadLetter", delivery, headers: full },
      { action: "deadLetter", delivery, headers: short },
      { action: "reject", delivery },
    ];
    this.#tryWays(held, ways, 0, (succeeded) => {
      if (succeeded) {
        events.deadLetter(this.#event(held, reason));
        this.#context.deadLettered(held, reason);
      }
      onSettled?.(succeeded);
    });
  }

  /**
   * Tries each way to dead-letter in turn. If the broker refuses all of them, it tries again after the longest backoff.
   */
  #tryWays(held: HeldMessage, ways: readonly Settlement[], index: number, onSettled: OnSettled): void {
    const way = ways[index];
    if (way === undefined) {
      return this.#later(held, this.#context.plan.retry.longest, () => this.#tryWays(held, ways, 1, onSettled));
    }
    this.#settle(held, way, "deadLettered", onSettled, (error) => {
      if (error.retryable) this.#later(held, RETRY_WAIT, () => this.#tryWays(held, ways, index, onSettled));
      else this.#tryWays(held, ways, index + 1, onSettled);
    });
  }

  /** Settles for a method of the message. Resolves with false if the message is already settled or no longer held. */
  #whileRunning(held: HeldMessage, settle: (onSettled: OnSettled) => void): Promise<boolean> {
    return held.state === "running" ? new Promise((resolve) => settle(resolve)) : Promise.resolve(false);
  }

  #fail(held: HeldMessage, error: unknown, delay: number | undefined, onSettled: OnSettled): void {
    const { plan, clock } = this.#context;
    const { retry } = plan;
    const failures = held.failures + 1;
    const now = clock.now();
    const failure = {
      failures,
      classifiedAs: this.#classify(held, error),
      attempts: retry.attempts,
      wait: delay ?? retry.wait(failures),
      expired: isExpired(held.delivery.headers, now),
    };
    const decision = decideRetry(failure, held.holder.retryMeans);
    const failed = `failed at attempt ${failures} of ${retry.attempts}`;
    switch (decision.action) {
      case "discard": {
        const counter = decision.reason === "expired" ? "expired" : "discarded";
        return this.discard(held, decision.reason, counter, onSettled);
      }
      case "dead-letter":
        return this.giveUp(held, decision.reason, error, onSettled);
      case "retry-in-place":
        this.#log("debug", held, `${failed}: this consumer keeps it, and handles it again in ${decision.wait} ms`);
        return this.#retryInPlace(held, failures, decision.wait, onSettled);
      case "retry-by-copy":
        this.#log("debug", held, `${failed}: it goes back to the broker, and comes again in ${decision.wait} ms`);
        return this.#retryByCopy(held, failures, decision.wait, now, onSettled);
    }
  }

  #retryByCopy(held: HeldMessage, failures: number, wait: number, now: number, onSettled: OnSettled): void {
    // An emulated delay may deliver the copy early. This header lets the consumer find out.
    const emulated = wait > 0 && this.#context.connection.capabilities.retryDelay === "emulated";
    const headers = {
      [OWN.attempt]: formatCount(failures),
      [OWN.notBefore]: emulated ? String(Math.ceil(now + wait)) : undefined,
    };
    held.decide((later) => {
      const at = this.#context.clock.now();
      this.#retryByCopy(later, failures, Math.max(0, now + wait - at), at, undefined);
    });
    const settlement: Settlement = { action: "retry", delivery: held.delivery, delay: wait, headers };
    this.#settle(held, settlement, "retried", onSettled, (error) => {
      const again = (): void => this.#retryByCopy(held, failures, wait, this.#context.clock.now(), onSettled);
      if (error.retryable) this.#later(held, RETRY_WAIT, again);
      // The broker takes no copy of the message, so it stays in this consumer.
      else this.#retryInPlace(held, failures, wait, onSettled);
    });
  }

  #retryInPlace(held: HeldMessage, failures: number, wait: number, onSettled: OnSettled): void {
    held.decideToRunAgain(failures, wait, this.#context.clock.now() + wait);
    held.clearSuspicion();
    held.holder.keepProgress(held);
    this.counters.retried += 1;
    onSettled?.(true);
    if (held.inHandler) return;
    const runAgainAfter = held.takeRunAgainAfter();
    if (runAgainAfter !== undefined) this.#context.runAgain(held, runAgainAfter);
  }

  #classify(held: HeldMessage, error: unknown): "retry" | "dead-letter" | "discard" {
    try {
      return this.#context.plan.retry.classify?.(error, held) ?? "retry";
    } catch (thrown) {
      this.#context.report(thrown, held);
      return "retry";
    }
  }

  #ack(held: HeldMessage, counter: AckCounter, onSettled?: OnSettled): void {
    held.decide(this.#ackAgain[counter]);
    const { delivery } = held;
    const settlement = { action: "ack", delivery } as const;
    this.#settle(held, counter === "filtered" ? { ...settlement, filtered: true } : settlement, counter, onSettled);
  }

  /**
   * Hands a settlement to the driver. `onRefused` is called if it failed and the message is still held. Without it the
   * settlement is retried.
   */
  #settle(
    held: HeldMessage,
    settlement: Settlement,
    counter: keyof Counters,
    onSettled: OnSettled,
    onRefused?: (error: BrokerError) => void,
  ): void {
    if (held.state === "lost") return onSettled?.(false);
    const { broker } = this.#context.connection.log;
    const traced = settleTracing.hasSubscribers ? trace(broker, held, settlement.action) : undefined;
    held.holder.settle(settlement, (result) => {
      traced?.(result);
      if (result === undefined) {
        held.holder.drop(held);
        this.counters[counter] += 1;
        return onSettled?.(true);
      }
      if (held.state === "lost") return onSettled?.(false);
      const what = `${settlement.action} of a message from ${describeEntity(this.#context.entity)}`;
      const error = this.#context.connection.wrap(result.error, what);
      if (!result.lost) {
        this.#context.report(error, held);
        return onRefused === undefined
          ? this.#later(held, RETRY_WAIT, () => this.#settle(held, settlement, counter, onSettled))
          : onRefused(error);
      }
      this.counters.returned += 1;
      held.holder.drop(held);
      const message = `${what} came too late: the message is no longer held (${reasonOf(result.error)})`;
      const lost = new BrokerError("LEASE_LOST", message, { cause: result.error });
      held.lose(lost);
      this.#context.remember(held);
      this.#context.report(lost, held);
      onSettled?.(false);
    });
  }

  /** Calls `run` after a wait, or as soon as the message's source has ended. `run` has to check for that. */
  #later(held: HeldMessage, wait: number, run: () => void): void {
    const { signal } = held.holder;
    const over = (): void => {
      cancel();
      signal.removeEventListener("abort", over);
      run();
    };
    const cancel = this.#context.clock.after(wait, over);
    signal.addEventListener("abort", over, { once: true });
  }

  #log(level: "debug" | "warn", held: HeldMessage, what: string): void {
    const { connection, entity } = this.#context;
    const { id, attempt, source } = held;
    connection.log[level](`message ${id} of ${describeEntity(entity)} ${what}`, { source, id, attempt });
  }

  #event(held: HeldMessage, reason: string): GiveUpEvent {
    const { broker } = this.#context.connection.log;
    return { broker, source: held.source, id: held.id, attempt: held.attempt, reason: redact(reason) };
  }
}

function trace(broker: BrokerIdentity, held: HeldMessage, action: string): (result: SettleResult) => void {
  const event = { broker, source: held.source, id: held.id, action, attempt: held.attempt };
  settleTracing.start.publish(event);
  settleTracing.end.publish(event);
  return (result) => {
    if (result !== undefined) settleTracing.error.publish({ ...event, error: withoutSecrets(result.error) });
    settleTracing.asyncEnd.publish(event);
  };
}
