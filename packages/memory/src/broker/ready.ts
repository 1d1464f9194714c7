import type { Entry } from "./message.ts";
import type { Reader } from "./reader.ts";

/** The entries of a store that can be delivered, in the order in which they are. */
export interface Ready {
  readonly size: number;
  /** Adds a new entry, behind all others. */
  add(entry: Entry): void;
  /** The next entry for this reader. */
  take(reader: Reader): Entry | undefined;
  /** Puts an entry that was taken back in its old place. */
  giveBack(entry: Entry): void;
  /** An entry that was taken will not come back. */
  done(entry: Entry): void;
  /** All entries that can be delivered, in no order. */
  values(): readonly Entry[];
  /** Removes and returns all entries that can be delivered. */
  clear(): readonly Entry[];
}
