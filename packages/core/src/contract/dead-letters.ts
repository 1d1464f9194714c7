import type { Delivery, HeaderChanges } from "./message.ts";

/** A dead letter as the driver reads it. */
export interface DeadLetterEntry extends Delivery {
  /** Identifies the dead letter in `replay` and `remove`. Every listing returns the same id. */
  readonly deadLetterId: string;
}

/** Selects dead letters by id, or all that exist when the call begins. */
export type Selection = { readonly ids: readonly string[] } | { readonly all: true };

/**
 * The dead letters of one queue or durable subscription. `count` and `list` change nothing.
 *
 * The core calls only what the capabilities offer: `count` needs `deadLetters.count`, `list` needs `deadLetters.list`,
 * and a selection by ids needs `deadLetters.select`. Every driver supports a selection of `all`.
 */
export interface DeadLetterStore {
  /** Returns the number of dead letters. */
  count(signal: AbortSignal): Promise<number>;
  /**
   * Returns up to `limit` dead letters, oldest first. With `after` the list starts after the dead letter with that id,
   * which may be gone by now. It is shorter than `limit` only at the end.
   */
  list(limit: number, after: string | undefined, signal: AbortSignal): Promise<readonly DeadLetterEntry[]>;
  /**
   * Sends a copy of each selected dead letter, with the changed headers, to the queue or subscription that gave it up,
   * and removes the dead letter once its copy is confirmed. Returns how many were replayed.
   */
  replay(selection: Selection, headers: HeaderChanges, signal: AbortSignal): Promise<number>;
  /** Removes the selected dead letters. Returns how many were removed. */
  remove(selection: Selection, signal: AbortSignal): Promise<number>;
}
