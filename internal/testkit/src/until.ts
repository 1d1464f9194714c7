import { setTimeout as delay } from "node:timers/promises";

/**
 * Repeats `attempt` every 50 ms until it does not throw.
 * @throws Error with the last failure as its cause, after `patience` ms
 */
export async function until<T>(
  what: string,
  patience: number,
  attempt: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (Date.now() > end) throw new Error(`${what} did not come true in ${patience} ms`, { cause: error });
    }
    await delay(50, undefined, { signal });
  }
}
