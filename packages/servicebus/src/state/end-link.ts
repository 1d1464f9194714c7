import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { LinkState } from "./link-state.ts";

/** How long messages may take to go back after the link has ended, and how long the SDK may take to close, in ms. */
const GIVE_BACK_TIME = 5_000;

/** Frees what an ended link has: the sources give back what they held, then the SDK's client is closed. Never rejects. */
export async function endLink({ connection, givesBack }: LinkState): Promise<void> {
  // The sources hear of the end in this turn of the event loop.
  await nextTurn();
  await within(Promise.allSettled([...givesBack].map((giveBack) => giveBack())));
  await within(connection.client.close());
  connection.cut();
}

async function within(work: Promise<unknown>): Promise<void> {
  const limit = new AbortController();
  const late = sleep(GIVE_BACK_TIME, undefined, { signal: limit.signal }).catch(() => {});
  await Promise.race([work.catch(() => {}), late]);
  limit.abort();
}
