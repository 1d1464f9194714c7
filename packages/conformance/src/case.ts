import { FEATURES, type Feature } from "@anybroker/core/driver";
import type { CaseContext } from "./context.ts";

/** The parts of the catalogue. */
export const SECTIONS = {
  A: "Send and receive",
  B: "Settling",
  C: "Retry, delay, dead letters",
  D: "Expiry, priority, order, batches",
  E: "Topology and subscriptions",
  F: "Lifecycle, faults, errors",
} as const;

/** One of {@link SECTIONS}. */
export type Section = keyof typeof SECTIONS;

/** What a case depends on: a feature that the backend declares, or a hook that it offers. */
export type Need =
  | Feature
  /** Declares an `ordering` other than `none`. */
  | "ordering"
  /** Declares `ordering: "strict"`. */
  | "ordering.strict"
  /** Declares `sendOrder: "strict"`. */
  | "sendOrder.strict"
  | "lease"
  /** Offers a `lease` or a `session`. */
  | "lease.kept"
  | "foreign"
  | "largest"
  | "remove"
  | "restricted";

/** One promise to the users, and how it is shown to be kept. */
export interface Case {
  readonly id: string;
  /** The promise, as a sentence. */
  readonly name: string;
  readonly section: Section;
  /** The rows of the catalogue that it stands for. */
  readonly rows: readonly number[];
  readonly needs?: readonly Need[];
  /** How much longer than others it may take: times the usual deadline. @default 1 */
  readonly effort?: number;
  run(context: CaseContext): Promise<void>;
}

/** Whether the need is a feature. */
export function isFeature(need: Need): need is Feature {
  // The cast is true of the comparison only: what is not a feature is not found.
  return FEATURES.includes(need as Feature);
}
