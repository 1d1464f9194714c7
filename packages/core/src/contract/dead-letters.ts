import type { Delivery, HeaderChanges } from "./message.ts";

/** A message that was given up. */
export interface DeadLetterEntry extends Delivery {
  /** Names it for `replay` and `remove`; the same at every listing. */
  readonly deadLetterId: string;
}

/** Which dead letters: those named, or all there are when the call begins. */
export type Selection = { readonly ids: readonly string[] } | { readonly all: true };

/**
 * The dead letters of one queue or durable subscription. Looking at them changes nothing. What the capabilities deny is
 * not called: `list` by `deadLetters.list`, `count` by its own, ids by `deadLetters.select`; `all` is always possible.
 */
export interface DeadLetterStore {
  count(signal: AbortSignal): Promise<number>;
  /** At most `limit`, oldest first, those after the one named; fewer only at the end. */
  list(limit: number, after: string | undefined, signal: AbortSignal): Promise<readonly DeadLetterEntry[]>;
  /**
   * Gives copies with the changed headers to the same queue or subscription; each is confirmed before its dead letter
   * goes. Answers how many.
   */
  replay(selection: Selection, headers: HeaderChanges, signal: AbortSignal): Promise<number>;
  /** Answers how many went. */
  remove(selection: Selection, signal: AbortSignal): Promise<number>;
}
