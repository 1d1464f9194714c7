import { orAborted } from "./wait.ts";

/**
 * Returns the result of `opening`, or rejects with the signal's reason if it aborts first. Anything that opens after an
 * abort is passed to `close`, because the caller no longer waits for it.
 */
export async function openWithin<T>(opening: Promise<T>, signal: AbortSignal, close: (late: T) => unknown): Promise<T> {
  try {
    return await orAborted(opening, signal);
  } catch (error) {
    opening.then(close).catch(() => {});
    throw error;
  }
}
