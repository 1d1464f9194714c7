import { setTimeout as sleep } from "node:timers/promises";

/** A promise with its two ends. */
export interface Gate<T = void> {
  readonly promise: Promise<T>;
  open(value: T): void;
}

/** Makes a {@link Gate}: what waits for its promise goes on when it is opened. */
export function gate<T = void>(): Gate<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, open: resolve };
}

const STEP = 25;

/**
 * Counts time as this process was given it: on a busy machine less than has gone by, so that patience lasts longer.
 * Ask it at least every {@link STEP} milliseconds.
 */
function grantedTime(): () => number {
  let last = performance.now();
  let granted = 0;
  return () => {
    const now = performance.now();
    granted += Math.min(now - last, STEP * 2);
    last = now;
    return granted;
  };
}

/**
 * Resolves when the condition holds; rejects, saying what was waited for, when it does not in `ms` milliseconds, or
 * in that time since `progress` last answered something else.
 */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  ms: number,
  signal: AbortSignal,
  progress: () => unknown = () => undefined,
): Promise<void> {
  let spent = grantedTime();
  let before = progress();
  for (let step = 1; !(await condition()); step = Math.min(STEP, step * 2)) {
    signal.throwIfAborted();
    const now = progress();
    if (now !== before) spent = grantedTime();
    before = now;
    if (spent() > ms) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await sleep(step, undefined, { signal });
  }
}

/** The promise's outcome; rejects when there is none in `ms` milliseconds. */
export function within<T>(what: string, promise: Promise<T>, ms: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const spent = grantedTime();
    const stop = (): void => end(() => reject(signal?.reason));
    const timer = setInterval(() => {
      if (spent() > ms) end(() => reject(new Error(`waited ${ms} ms in vain: ${what}`)));
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

/** Lets real time go by, where that is the point: a handler that is slow, a lease that ends. */
export async function timePasses(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal });
}

/** All of what comes one by one. */
export async function listed<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The promise itself, to be awaited later: should the case fail before, its rejection is nobody's. */
export function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
