import type { Entry } from "./message.ts";

/** A consumer of one store. */
export interface Reader {
  /** The most entries that it takes at once while it waits. */
  readonly capacity: number;
  /** The entries that it has taken and not settled. */
  held(): readonly Entry[];
  /** Gives it at least one entry. Called only while it waits. */
  accept(entries: readonly Entry[]): void;
  /** The store was deleted, together with what the reader holds. */
  storeDeleted(): void;
}
