import type { Driver } from "@anybroker/core";

/** A driver with one fault, and the cases that must notice it. */
export interface BrokenDriver {
  /** Completes the sentence "a driver that …". */
  readonly fault: string;
  /** Creates a layer that breaks a driver. Called for each run of the suite, so that no state is shared between runs. */
  readonly make: () => (driver: Driver) => Driver;
  /** Exactly the cases that fail, in alphabetical order. */
  readonly fails: readonly string[];
}
