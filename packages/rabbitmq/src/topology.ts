import type * as core from "@anybroker/core/driver";

/** Arguments of a queue or a binding. */
export type Arguments = Readonly<Record<string, unknown>>;

/** What waits in such a queue leaves it only once the next queue has confirmed it. */
const AT_LEAST_ONCE: Arguments = {
  "x-queue-type": "quorum",
  "x-dead-letter-strategy": "at-least-once",
  // Without it the strategy falls back to at-most-once, silently.
  "x-overflow": "reject-publish",
};

/** Dead letters have none of their own, and may be looked at for ever: 3.10 and 4.3 both take this for no limit. */
export const DEAD_LETTER_ARGUMENTS: Arguments = { "x-queue-type": "quorum", "x-delivery-limit": 2_147_483_647 };

/** Takes what no subscription is there for, so that at-least-once dead-lettering does not try for ever. */
export const SINK_ARGUMENTS: Arguments = { "x-queue-type": "classic", "x-max-length": 0 };

/** The queue of a queue or subscription. The delivery limit is the backstop behind the core's own, never policy. */
export function queueArguments(queue: string, ordered: boolean): Arguments {
  return {
    ...AT_LEAST_ONCE,
    "x-delivery-limit": 100,
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": deadLettersOf(queue),
    ...(ordered ? { "x-single-active-consumer": true } : {}),
  };
}

/**
 * A step of a ladder, from which messages come back to their queue, or go to a topic with the routing key they were
 * published with. It never expires, which would lose them.
 */
export function stepArguments(ms: number, exchange: string, queue: string | undefined): Arguments {
  const key = queue === undefined ? {} : { "x-dead-letter-routing-key": queue };
  return { ...AT_LEAST_ONCE, "x-message-ttl": ms, "x-dead-letter-exchange": exchange, ...key };
}

/** `Q.dlq` */
export const deadLettersOf = (queue: string): string => `${queue}.dlq`;

/** `Q.delay.<ms>`: a queue, for a topic also the exchange in front of it. */
export const stepOf = (name: string, ms: number): string => `${name}.delay.${ms}`;

/** `T.delay`: the exchange between the steps and the topic, and the sink bound to it. */
export const dueOf = (exchange: string): string => `${exchange}.delay`;

/** `T.sub`: the headers exchange through which subscriptions with a filter are bound. */
export const filtersOf = (exchange: string): string => `${exchange}.sub`;

/** Most bindings that one filter may become. */
const MAX_BINDINGS = 64;

/** What another type of header may read like. */
const AMBIGUOUS = /^(?:[-+]?(?:[\d.]|Infinity)|NaN$|true$|false$|null$|undefined$|[[{"]|base64:)|\ufffd/;

/**
 * The header bindings that let through all that the filter matches, and as little else as can be had.
 *
 * A binding compares types too, and other clients send numbers, booleans and times, which the core matches by their
 * text. So a value is bound only when nothing but a string (or its bytes) reads like it; for any other, the binding
 * asks only that the header is there. The core applies the whole filter to what comes.
 */
export function filterBindings(filter: core.Filter): readonly Arguments[] {
  const names = Object.keys(filter);
  // Headers that begin with x- are left out of a comparison unless it is told to look at them.
  let bindings: Arguments[] = [{ "x-match": names.some((name) => name.startsWith("x-")) ? "all-with-x" : "all" }];
  for (const [name, values] of Object.entries(filter)) {
    const exact = values.some((value) => AMBIGUOUS.test(value))
      ? []
      : values.flatMap((value) => [value, Buffer.from(value)]);
    const alternatives = exact.length > 0 && bindings.length * exact.length <= MAX_BINDINGS ? exact : [null];
    bindings = bindings.flatMap((binding) => alternatives.map((value) => ({ ...binding, [name]: value })));
  }
  return bindings;
}
