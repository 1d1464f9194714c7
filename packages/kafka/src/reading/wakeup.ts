/** Wakes the `receive` that waits for something to deliver. */
export class Wakeup {
  #wake = (): void => {};

  wake(): void {
    this.#wake();
  }

  /** Resolves at the next `wake`, after `ms`, or when the signal aborts. Only one caller may wait at a time. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener("abort", wake, { once: true });
      this.#wake = wake;
    });
  }
}
