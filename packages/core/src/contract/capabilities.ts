/** How a backend supports a feature: by itself (`native`), through work of its adapter (`emulated`), or not at all. */
export type Support = "native" | "emulated" | "none";

/** The feature depends on the server's version or settings, so it is known only after connecting. */
export type Maybe = "maybe";

/** The names of the optional features. `delay.cancel` and `peek` have no methods yet: every driver declares `none`. */
export const FEATURES = [
  "delay.send",
  "delay.publish",
  "delay.cancel",
  "retryDelay",
  "ttl",
  "priority",
  "filter",
  "filter.stored",
  "from",
  "ephemeral",
  "deadLetters.list",
  "deadLetters.count",
  "deadLetters.select",
  "stats",
  "delete",
  "purge",
  "peek",
  "publish.unrouted",
] as const;

/** One of {@link FEATURES}. */
export type Feature = (typeof FEATURES)[number];

/**
 * The limits of a broker. The room that anybroker's own headers need is already subtracted.
 */
export interface Limits {
  /** The largest body, in bytes. */
  readonly body: number;
  /** The largest number of headers in a message. */
  readonly headers: number;
  /** The largest total size of all header names and values, in bytes. */
  readonly headerBytes: number;
  /** The largest value of a single header, in bytes. */
  readonly headerValue: number;
  /** The longest delay of a send, in milliseconds. */
  readonly delay: number;
  /** The longest delay of a publish, in milliseconds. */
  readonly publishDelay: number;
  /** The most by which a delayed message can be late on an idle system, in milliseconds. */
  readonly delayResolution: number;
  /** The shortest name of a queue or topic, in characters. */
  readonly nameMin: number;
  /** The longest name of a queue or topic, in characters. */
  readonly nameMax: number;
}

/** The capabilities of a connected broker. */
export type Capabilities = Readonly<Record<Feature, Support>> & {
  /**
   * How an ordered destination treats a failed message. With `strict` it blocks later messages of its key until it
   * succeeds or is given up. With `untilRetry` they may overtake it.
   */
  readonly ordering: "strict" | "untilRetry" | "none";
  /**
   * The order in which the broker stores the sends of one key. With `strict` it is the order of the calls. With
   * `firstTry` a send that had to be retried may end up behind later ones.
   */
  readonly sendOrder: "strict" | "firstTry";
  readonly limits: Limits;
};

/** The capabilities that a driver declares. A feature that depends on the server is `maybe`. */
export type Declared = Readonly<Record<Feature, Support | Maybe>> & Omit<Capabilities, Feature>;

/** The capabilities of the connected server, as far as they differ from what the driver declares. */
export type Refinement = Partial<Omit<Capabilities, "limits">> & { readonly limits?: Partial<Limits> | undefined };

/**
 * Applies the server's findings to the declared capabilities. A `maybe` that the server did not resolve becomes `none`.
 */
export function refine(declared: Declared, found: Refinement): Capabilities {
  const features = Object.fromEntries(
    FEATURES.map((feature) => {
      const support = found[feature] ?? declared[feature];
      return [feature, support === "maybe" ? "none" : support];
    }),
  );
  return {
    // The cast is true: the map above covers every feature.
    ...(features as Record<Feature, Support>),
    ordering: found.ordering ?? declared.ordering,
    sendOrder: found.sendOrder ?? declared.sendOrder,
    limits: { ...declared.limits, ...found.limits },
  };
}

/** The type of an option that the driver does not support. No value is assignable to it. */
export interface Unsupported<F extends string> {
  readonly "this driver does not support": F;
}

/** `T` if the driver has the feature or may have it, else {@link Unsupported}. */
export type If<C extends Declared, F extends Feature, T> = [C[F]] extends ["none"] ? Unsupported<F> : T;

/** `T` if the driver keeps order by key, else {@link Unsupported}. */
export type IfOrdering<C extends Declared, T> = [C["ordering"]] extends ["none"] ? Unsupported<"ordering"> : T;
