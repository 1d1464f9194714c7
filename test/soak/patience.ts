import { setTimeout as sleep } from "node:timers/promises";
import type { Journal } from "./history/journal.ts";

/** How long one step of a soak may take, in ms. */
const LIMIT = 150_000;

/** Waits for a step. One that takes too long is recorded as stuck, and the soak goes on without it. */
export async function patiently(what: string, journal: Journal, step: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const late = sleep(LIMIT, true, { signal: done.signal }).catch(() => false);
  const isLate = await Promise.race([late, step.then(() => false)]);
  done.abort();
  if (isLate) journal.write({ type: "stuck", what: `${what} did not end within ${LIMIT} ms` });
}
