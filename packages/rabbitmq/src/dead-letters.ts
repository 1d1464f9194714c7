import type * as core from "@anybroker/core/driver";
import { orAborted } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import { onChannel } from "./connection.ts";
import { codeOf } from "./errors.ts";
import { oldestFirst } from "./inspecting/dead-letter-id.ts";
import { type Entry, each, MOST } from "./inspecting/receive-all.ts";
import { copy } from "./send.ts";
import type { LinkState } from "./state/link-state.ts";
import { deadLettersOf } from "./topology.ts";

/** How many are moved at once. */
const STRIDE = 256;

/**
 * The dead letters of one queue. To look at them is to be handed all of them and to give them back, so while one
 * process looks, others see fewer. In this process one look follows the other.
 */
export function deadLetters(link: LinkState, of: string): core.DeadLetterStore {
  const queue = deadLettersOf(of);

  /** Runs work when no other of ours looks at these dead letters; `none` is the answer when there is no queue. */
  const look = <T>(none: T, signal: AbortSignal, work: (channel: Channel) => Promise<T>): Promise<T> => {
    const before = link.looks.get(queue) ?? Promise.resolve();
    const mine = before.then(() => onChannel(link.consuming, signal, work));
    const end = mine.catch(() => {});
    link.looks.set(queue, end);
    return orAborted(mine, signal).catch((error: unknown) => {
      if (codeOf(error) === 404) return none;
      throw error;
    });
  };

  const take = (
    selection: core.Selection,
    signal: AbortSignal,
    before: (entry: Entry) => Promise<void>,
  ): Promise<number> => {
    const wanted = "ids" in selection ? new Set(selection.ids) : undefined;
    return look(0, signal, async (channel) => {
      await channel.prefetch(wanted === undefined ? STRIDE : MOST);
      return each(channel, queue, signal, (entry) =>
        wanted?.has(entry.deadLetterId) === false ? undefined : before(entry),
      );
    });
  };

  return {
    count: (signal) => look(0, signal, async (channel) => (await channel.checkQueue(queue)).messageCount),
    list: (limit, after, signal) =>
      look<Entry[]>([], signal, async (channel) => {
        let page: Entry[] = [];
        const cut = (): Entry[] => page.sort(oldestFirst).slice(0, limit);
        await channel.prefetch(MOST);
        await each(channel, queue, signal, (entry) => {
          if (after === undefined || oldestFirst(entry, { deadLetterId: after }) > 0) page.push(entry);
          // Not to hold more bodies than that.
          if (page.length >= limit * 2) page = cut();
          return undefined;
        });
        return cut();
      }),
    replay: (selection, headers, signal) =>
      take(selection, signal, ({ native }) => copy(link, native, of, headers, 0, signal)),
    remove: (selection, signal) => take(selection, signal, () => Promise.resolve()),
  };
}
