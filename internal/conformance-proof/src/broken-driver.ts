import type { Driver } from "@anybroker/core";

/** A driver with one fault, and the cases that must notice. */
export interface BrokenDriver {
  /** What is wrong with it. */
  readonly fault: string;
  /** Breaks a driver. One is made for each run of the suite, so that what it remembers is its own. */
  readonly make: () => (driver: Driver) => Driver;
  /** The cases that fail on it, and no others, in alphabetical order. */
  readonly fails: readonly string[];
}
