import type * as core from "@anybroker/core/driver";
import { deadLettersName } from "@anybroker/core/driver";

/** Arguments of a queue or a binding. */
export type Arguments = Readonly<Record<string, unknown>>;

/** A message leaves such a queue only once the queue that it goes to has confirmed it. */
const AT_LEAST_ONCE: Arguments = {
  "x-queue-type": "quorum",
  "x-dead-letter-strategy": "at-least-once",
  // Without this argument the server silently falls back to at-most-once.
  "x-overflow": "reject-publish",
};

/**
 * The arguments of a queue for dead letters. It has no dead letters of its own, and its messages may be looked at without
 * end: both 3.10 and 4.3 take this limit for none.
 */
export const DEAD_LETTER_ARGUMENTS: Arguments = { "x-queue-type": "quorum", "x-delivery-limit": 2_147_483_647 };

/** The arguments of a queue that drops everything. */
export const SINK_ARGUMENTS: Arguments = { "x-queue-type": "classic", "x-max-length": 0 };

/**
 * The arguments of a queue or of a subscription's queue. The delivery limit is only the backstop behind the core's own
 * bound.
 */
export function queueArguments(queue: string, ordered: boolean): Arguments {
  return {
    ...AT_LEAST_ONCE,
    "x-delivery-limit": 100,
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": deadLettersName(queue),
    ...(ordered ? { "x-single-active-consumer": true } : {}),
  };
}

/** The arguments of a delay step of a queue: after the delay, messages go back to the queue. */
export function queueStepArguments(ms: number, queue: string): Arguments {
  return { ...stepArguments(ms, ""), "x-dead-letter-routing-key": queue };
}

/** The arguments of a delay step of a topic: after the time, messages keep their routing key and go to the exchange. */
export function topicStepArguments(ms: number, exchange: string): Arguments {
  return stepArguments(ms, exchange);
}

/** A step has no `x-expires`: the server would delete it together with its messages. */
function stepArguments(ms: number, exchange: string): Arguments {
  return { ...AT_LEAST_ONCE, "x-message-ttl": ms, "x-dead-letter-exchange": exchange };
}

/**
 * `T.undelayed`: the exchange between a topic's delay steps and the topic, and the sink bound to that exchange. A server
 * on Mnesia restores bindings in the order of their sources' names, so this name comes after `T` and `T.sub`.
 */
export function delayExitName(exchange: string): string {
  return `${exchange}.undelayed`;
}

/** `T.sub`: the headers exchange to which subscriptions with a filter are bound. */
export function filterExchangeName(exchange: string): string {
  return `${exchange}.sub`;
}

/** `T.sub.S.filter`: the exchange that says which filter a subscription has. Nothing is bound to it. */
export function filterMarkerName(queue: string): string {
  return `${queue}.filter`;
}

/** The most bindings that one filter may become. */
const MAX_BINDINGS = 64;

/** Texts that a header of another type than string may have too. */
const AMBIGUOUS = /^(?:[-+]?(?:[\d.]|Infinity)|NaN$|true$|false$|null$|undefined$|[[{"]|base64:)|\ufffd/;

/**
 * The header bindings that match everything the filter matches, and as little else as possible.
 *
 * A binding compares types too. Other clients send numbers, booleans and times, which the core matches by their text. So
 * a value is bound only where a string (or its bytes) alone can have that text. For any other value the binding only
 * asks that the header is there. The core applies the whole filter to what arrives.
 */
export function filterBindings(filter: core.Filter): readonly Arguments[] {
  const names = Object.keys(filter);
  // Without this, a comparison ignores headers whose names begin with x-.
  const match = names.some((name) => name.startsWith("x-")) ? "all-with-x" : "all";
  let bindings: Arguments[] = [{ "x-match": match }];
  for (const [name, values] of Object.entries(filter)) {
    const exact = exactValues(values);
    const alternatives = exact.length > 0 && bindings.length * exact.length <= MAX_BINDINGS ? exact : [null];
    bindings = bindings.flatMap((binding) => alternatives.map((value) => ({ ...binding, [name]: value })));
  }
  return bindings;
}

/** Whether the bindings let through exactly what the filter does. */
export function isExact(filter: core.Filter): boolean {
  const alternatives = Object.values(filter).map((values) => exactValues(values).length);
  return (
    alternatives.every((count) => count > 0) && alternatives.reduce((all, count) => all * count, 1) <= MAX_BINDINGS
  );
}

/** Each value as a string and as bytes; none if one of them is ambiguous. */
function exactValues(values: readonly string[]): readonly (string | Buffer)[] {
  if (values.some((value) => AMBIGUOUS.test(value))) return [];
  return values.flatMap((value) => [value, Buffer.from(value)]);
}
