/** How a backend does something: by itself, through its adapter, or not at all. */
export type Support = "native" | "emulated" | "none";

/** Known only once the server has been met: its version or its settings decide. */
export type Maybe = "maybe";

/** The features that a backend may have or lack. */
export const FEATURES = [
  "delay.send",
  "delay.publish",
  "retryDelay",
  "ttl",
  "priority",
  "filter",
  "from",
  "ephemeral",
  "deadLetters.list",
  "deadLetters.count",
  "deadLetters.select",
  "stats",
] as const;

/** One of {@link FEATURES}. */
export type Feature = (typeof FEATURES)[number];

/** What the broker takes. Sizes are bytes, times milliseconds; room for our own headers is already taken off. */
export interface Limits {
  /** Largest body. */
  readonly body: number;
  /** Most headers of a message. */
  readonly headers: number;
  /** Largest sum of header names and values. */
  readonly headerBytes: number;
  /** Largest value of one header. */
  readonly headerValue: number;
  /** Longest delay of a send. */
  readonly delay: number;
  /** Longest delay of a publish. */
  readonly publishDelay: number;
  /** How late a delayed message may come at most, on an idle system. */
  readonly delayResolution: number;
  /** Shortest name of a queue or topic, in characters. */
  readonly nameMin: number;
  /** Longest name of a queue or topic, in characters. */
  readonly nameMax: number;
}

/** What one connected broker can do. */
export type Capabilities = Readonly<Record<Feature, Support>> & {
  /** `strict`: a failed message holds its key back; `untilRetry`: later ones of its key may pass it then. */
  readonly ordering: "strict" | "untilRetry" | "none";
  /** `strict`: sends of one key are stored in the order of the calls; `firstTry`: unless one had to be tried again. */
  readonly sendOrder: "strict" | "firstTry";
  readonly limits: Limits;
};

/** What a driver declares: {@link Capabilities}, where a feature may also be left to the server. */
export type Declared = Readonly<Record<Feature, Support | Maybe>> & Omit<Capabilities, Feature>;

/** What a server turned out to offer, where it differs from what its driver declares. */
export type Refinement = Partial<Omit<Capabilities, "limits">> & { readonly limits?: Partial<Limits> };

/** The declared capabilities as this server has them. What it was left to and did not answer is `none`. */
export function refine(declared: Declared, found: Refinement): Capabilities {
  const features = Object.fromEntries(
    FEATURES.map((feature) => {
      const support = found[feature] ?? declared[feature];
      return [feature, support === "maybe" ? "none" : support];
    }),
  );
  return {
    // The cast is true: every feature has just been given its Support.
    ...(features as Record<Feature, Support>),
    ordering: found.ordering ?? declared.ordering,
    sendOrder: found.sendOrder ?? declared.sendOrder,
    limits: { ...declared.limits, ...found.limits },
  };
}

/** The type of an option that the driver at hand cannot honour: nothing can be assigned to it. */
export interface Unsupported<F extends string> {
  readonly "this driver does not support": F;
}

/** `T` where the driver has the feature, or may have it; else a type that nothing fits. */
export type If<C extends Declared, F extends Feature, T> = [C[F]] extends ["none"] ? Unsupported<F> : T;

/** `T` where the driver keeps order by key; else a type that nothing fits. */
export type IfOrdering<C extends Declared, T> = [C["ordering"]] extends ["none"] ? Unsupported<"ordering"> : T;
