import { FEATURES, type Feature } from "@anybroker/core/driver";
import type { CaseContext } from "./context.ts";

/** The sections of the suite, by their letter. */
export const SECTIONS = {
  A: "Send and receive",
  B: "Settling",
  C: "Retry, delay, dead letters",
  D: "Expiry, priority, order, batches",
  E: "Topology and subscriptions",
  F: "Lifecycle, faults, errors",
} as const;

/** The letter of one of the {@link SECTIONS}. */
export type Section = keyof typeof SECTIONS;

/** A feature that the driver must declare, or a hook that the subject must offer, for a case to apply. */
export type Need =
  | Feature
  /** An `ordering` other than `none`. */
  | "ordering"
  /** `ordering: "strict"`. */
  | "ordering.strict"
  /** `sendOrder: "strict"`. */
  | "sendOrder.strict"
  | "lease"
  /** A `lease` or a `session`. */
  | "lease.kept"
  | "foreign"
  | "largest"
  /** The capability `delete`, or the subject's hook. */
  | "remove"
  | "restricted";

/** One promise to users, and a test of it. */
export interface Case {
  readonly id: string;
  /** The promise, as a sentence. */
  readonly name: string;
  readonly section: Section;
  /** The rows of the catalogue that it covers. */
  readonly rows: readonly number[];
  readonly needs?: readonly Need[] | undefined;
  /** A factor for the case's deadline. @default 1 */
  readonly effort?: number | undefined;
  run(context: CaseContext): Promise<void>;
}

/** Whether the need is a feature. */
export function isFeature(need: Need): need is Feature {
  // The cast is true for the comparison only: what is not a feature is not found.
  return FEATURES.includes(need as Feature);
}
