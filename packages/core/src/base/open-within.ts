import { orAborted } from "./wait.ts";

/**
 * The result of `opening`, unless the signal aborts first. What opens after that is closed with `close`, since its
 * caller has given up.
 */
export async function openWithin<T>(opening: Promise<T>, signal: AbortSignal, close: (late: T) => unknown): Promise<T> {
  try {
    return await orAborted(opening, signal);
  } catch (error) {
    opening.then(close).catch(() => {});
    throw error;
  }
}
