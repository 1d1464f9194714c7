/**
 * Runs an operation with a signal that aborts after `ms` of real time. Settles as the operation does. Afterwards nothing
 * of the limit is left, where Node keeps an `AbortSignal.timeout` that went into `AbortSignal.any` until its time is over.
 */
export async function withTimeLimit<T>(ms: number, run: (limit: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const expire = (): void => controller.abort(new DOMException(`it took longer than ${ms} ms`, "TimeoutError"));
  const timer = setTimeout(expire, ms).unref();
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
