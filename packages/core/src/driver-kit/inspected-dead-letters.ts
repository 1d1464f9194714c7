import type { DeadLetterEntry, DeadLetterStore, Selection } from "../contract/dead-letters.ts";
import type { HeaderChanges } from "../contract/message.ts";

/** Decides about a dead letter: undefined keeps it, a promise removes it once the promise has resolved. */
export type Inspect<E> = (entry: E) => Promise<void> | undefined;

/** Operations of a broker whose dead letters can only be inspected by receiving all of them and giving them back. */
export interface InspectedDeadLetters<E extends DeadLetterEntry> {
  readonly count: DeadLetterStore["count"];
  /**
   * Receives each dead letter that existed at the beginning, and calls `inspect` with it. Removes or gives back each
   * one as `inspect` decides, keeping their order, and returns how many were removed. With `all` every one will be
   * removed.
   */
  readonly receiveAll: (inspect: Inspect<E>, all: boolean, signal: AbortSignal) => Promise<number>;
  /** Sends a copy to the queue or subscription that gave the message up. Resolves when the copy is confirmed. */
  readonly sendBack: (entry: E, headers: HeaderChanges, signal: AbortSignal) => Promise<void>;
  /** Compares by `deadLetterId` only, for the order of a listing. The entry that `after` names may be gone by then. */
  readonly compare: (one: DeadLetterId, other: DeadLetterId) => number;
}

type DeadLetterId = Pick<DeadLetterEntry, "deadLetterId">;

/** Implements a {@link DeadLetterStore} by receiving all dead letters and giving them back. */
export function inspectedDeadLetters<E extends DeadLetterEntry>({
  count,
  receiveAll,
  sendBack,
  compare,
}: InspectedDeadLetters<E>): DeadLetterStore {
  const removeEach = (
    selection: Selection,
    signal: AbortSignal,
    before: (entry: E) => Promise<void>,
  ): Promise<number> => {
    const wanted = "ids" in selection ? new Set(selection.ids) : undefined;
    const inspect: Inspect<E> = (entry) => (wanted?.has(entry.deadLetterId) === false ? undefined : before(entry));
    return receiveAll(inspect, wanted === undefined, signal);
  };
  return {
    count,
    async list(limit, after, signal) {
      let page: E[] = [];
      const firstOfPage = (): E[] => page.sort(compare).slice(0, limit);
      const collect: Inspect<E> = (entry) => {
        if (after === undefined || compare(entry, { deadLetterId: after }) > 0) page.push(entry);
        // Frees the bodies beyond the page early.
        if (page.length >= limit * 2) page = firstOfPage();
        return undefined;
      };
      await receiveAll(collect, false, signal);
      return firstOfPage();
    },
    replay: (selection, headers, signal) => removeEach(selection, signal, (entry) => sendBack(entry, headers, signal)),
    remove: (selection, signal) => removeEach(selection, signal, () => Promise.resolve()),
  };
}
