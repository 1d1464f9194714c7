import { setTimeout as delay } from "node:timers/promises";

/** A promise and the function that resolves it. */
export interface Gate<T = void> {
  readonly promise: Promise<T>;
  open(value: T): void;
}

/** Creates a {@link Gate}. */
export function gate<T = void>(): Gate<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, open: resolve };
}

const STEP = 25;

/**
 * Returns a clock that counts the time in which this process could run. On a busy machine that is less than the real
 * time, so that patience lasts longer there. Must be read at least every {@link STEP} ms.
 */
function ownTime(): () => number {
  let last = performance.now();
  let counted = 0;
  return () => {
    const now = performance.now();
    counted += Math.min(now - last, STEP * 2);
    last = now;
    return counted;
  };
}

/**
 * Resolves when the condition holds. Rejects, with a message that contains `what`, when it does not hold within `ms`
 * ms. The time starts anew whenever `progress` returns another value.
 */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  ms: number,
  signal: AbortSignal,
  progress: () => unknown = () => undefined,
): Promise<void> {
  let elapsed = ownTime();
  let before = progress();
  for (let step = 1; !(await condition()); step = Math.min(STEP, step * 2)) {
    signal.throwIfAborted();
    const now = progress();
    if (now !== before) elapsed = ownTime();
    before = now;
    if (elapsed() > ms) throw new Error(`timed out after ${ms} ms, waiting for ${what}`);
    await delay(step, undefined, { signal });
  }
}

/** Settles as the promise does. Rejects, with a message that contains `what`, when it has not settled within `ms` ms. */
export function within<T>(what: string, promise: Promise<T>, ms: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const elapsed = ownTime();
    const stop = (): void => end(() => reject(signal?.reason));
    const timer = setInterval(() => {
      if (elapsed() > ms) end(() => reject(new Error(`timed out after ${ms} ms, waiting for ${what}`)));
    }, STEP);
    const end = (settle: () => void): void => {
      clearInterval(timer);
      signal?.removeEventListener("abort", stop);
      settle();
    };
    signal?.addEventListener("abort", stop, { once: true });
    promise.then(
      (value) => end(() => resolve(value)),
      (error: unknown) => end(() => reject(error)),
    );
  });
}

/** Waits in real time. Only for cases about time itself: a slow handler, a lease that ends. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal });
}

/** All items, in an array. */
export async function toArray<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Returns the promise, to be awaited later. If the case fails first, its rejection is not reported as unhandled. */
export function awaitLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
