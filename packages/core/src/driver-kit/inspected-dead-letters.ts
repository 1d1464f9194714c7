import type { DeadLetterEntry, DeadLetterStore, Selection } from "../contract/dead-letters.ts";
import type { HeaderChanges } from "../contract/message.ts";

/** Looks at an entry: a promise means that the entry goes once it has resolved, undefined that it stays. */
export type Inspect<E> = (entry: E) => Promise<void> | undefined;

/** What a broker can do whose dead letters can only be looked at by receiving all of them and giving them back. */
export interface InspectedDeadLetters<E extends DeadLetterEntry> {
  readonly count: DeadLetterStore["count"];
  /**
   * Receives each dead letter that was there at the beginning and shows it to `inspect`. Removes those that `inspect`
   * lets go, gives the others back in their order, and returns how many went. `all`: it is known that none stays.
   */
  readonly receiveAll: (inspect: Inspect<E>, all: boolean, signal: AbortSignal) => Promise<number>;
  /** Sends a copy to the queue or subscription that failed, and resolves once it is confirmed. */
  readonly sendBack: (entry: E, headers: HeaderChanges, signal: AbortSignal) => Promise<void>;
  /** The order of listing, by `deadLetterId` alone, so that `after` can name an entry that has gone. */
  readonly compare: (one: DeadLetterId, other: DeadLetterId) => number;
}

type DeadLetterId = Pick<DeadLetterEntry, "deadLetterId">;

/** A {@link DeadLetterStore} on top of receiving all dead letters and giving them back. */
export function inspectedDeadLetters<E extends DeadLetterEntry>({
  count,
  receiveAll,
  sendBack,
  compare,
}: InspectedDeadLetters<E>): DeadLetterStore {
  const take = (selection: Selection, signal: AbortSignal, before: (entry: E) => Promise<void>): Promise<number> => {
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
        // Bodies beyond the page are not kept.
        if (page.length >= limit * 2) page = firstOfPage();
        return undefined;
      };
      await receiveAll(collect, false, signal);
      return firstOfPage();
    },
    replay: (selection, headers, signal) => take(selection, signal, (entry) => sendBack(entry, headers, signal)),
    remove: (selection, signal) => take(selection, signal, () => Promise.resolve()),
  };
}
