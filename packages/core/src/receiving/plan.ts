import type { ConsumeBatchOptions, ConsumeOptions } from "../api/consuming.ts";
import { DEFAULTS } from "../api/defaults.ts";
import type { BatchHandler, Handler } from "../api/message.ts";
import { checkFunction, checkKeys, checkSignal, integer } from "../base/check.ts";
import type { HeldMessage } from "./held-message.ts";
import { checkRetryKeys, type FullRetryPolicy, fullRetryPolicy } from "./retry-policy.ts";

const LONGEST_TIMEOUT = 86_400_000;
const CONSUME_KEYS = ["concurrency", "prefetch", "retry", "timeout", "signal", "drainTimeout", "onError"];
const BATCH_KEYS = [...CONSUME_KEYS, "max", "wait"];

/** The names of the options of `consume`. */
export const CONSUME_OPTIONS: readonly string[] = CONSUME_KEYS;

/** A consumer's checked options, with all defaults. */
export interface Plan {
  readonly concurrency: number;
  readonly prefetch: number;
  readonly retry: FullRetryPolicy;
  readonly timeout: number;
  readonly drainTimeout: number;
  readonly signal: AbortSignal | undefined;
  readonly onError: ConsumeOptions["onError"];
  /** The largest number of messages in one run of the handler. */
  readonly max: number;
  /** How long a run that is not full waits for more messages, in ms. */
  readonly wait: number;
  /** Calls the handler with messages whose bodies are decoded. */
  readonly invoke: (messages: readonly HeldMessage[]) => unknown;
}

/** Options for all consumers of a broker object. */
export type ConsumeDefaults = Omit<ConsumeOptions, "signal">;

/** Checks options for all consumers. Throws a `TypeError` if one is wrong. */
export function checkConsumeDefaults(defaults: ConsumeDefaults): void {
  checkKeys(
    "connect: consume",
    defaults,
    CONSUME_KEYS.filter((key) => key !== "signal"),
  );
  common(defaults, 1);
}

/** The options of one consumer, with those for all consumers where it has none. */
function withDefaults<O extends ConsumeOptions>(defaults: ConsumeDefaults, options: O): O {
  const { retry: own = {} } = options;
  checkRetryKeys(own);
  const retry = { ...defaults.retry, ...defined(own) };
  // The cast is true: only options that the consumer may have are added.
  return { ...defaults, ...defined(options), retry } as O;
}

function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Checks the arguments of `consume`. Throws a `TypeError` if one is wrong. */
export function singlePlan<Body>(
  handler: Handler<Body>,
  options: ConsumeOptions,
  defaults: ConsumeDefaults = {},
): Plan {
  checkFunction("handler", handler);
  checkKeys("consume", options, CONSUME_KEYS);
  // The cast is true: the handle's codec and schema produce the Body.
  const run = handler as Handler<unknown>;
  return {
    ...common(withDefaults(defaults, options), 1),
    max: 1,
    wait: 0,
    invoke: ([message]) => (message === undefined ? undefined : run(message)),
  };
}

/** Checks the arguments of `consumeBatch`. Throws a `TypeError` if one is wrong. */
export function batchPlan<Body>(
  handler: BatchHandler<Body>,
  given: ConsumeBatchOptions,
  defaults: ConsumeDefaults = {},
): Plan {
  checkFunction("handler", handler);
  checkKeys("consumeBatch", given, BATCH_KEYS);
  const options = withDefaults(defaults, given);
  const max = integer("max", options.max, DEFAULTS.batch.max, 1, 10_000);
  // The cast is true for the same reason as above.
  const run = handler as BatchHandler<unknown>;
  return {
    ...common(options, max),
    max,
    wait: integer("wait", options.wait, DEFAULTS.batch.wait, 0, LONGEST_TIMEOUT),
    invoke: (messages) => run(messages),
  };
}

function common(options: ConsumeOptions, max: number): Omit<Plan, "max" | "wait" | "invoke"> {
  const concurrency = integer("concurrency", options.concurrency, DEFAULTS.concurrency, 1, 10_000);
  const least = concurrency * max;
  if (options.onError !== undefined) checkFunction("onError", options.onError);
  checkSignal("consume", options.signal);
  return {
    concurrency,
    prefetch: integer("prefetch", options.prefetch, least * DEFAULTS.prefetchFactor, least, 1_000_000),
    retry: fullRetryPolicy(options.retry),
    timeout: integer("timeout", options.timeout, DEFAULTS.handlerTimeout, 1, LONGEST_TIMEOUT),
    drainTimeout: integer("drainTimeout", options.drainTimeout, DEFAULTS.drainTimeout, 0, LONGEST_TIMEOUT),
    signal: options.signal,
    onError: options.onError,
  };
}
