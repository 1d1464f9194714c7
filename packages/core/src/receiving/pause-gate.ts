/** A requested pause. */
export interface Pause {
  /** Resolves when reading has stopped, and messages that no handler had begun have gone back. */
  readonly reached: PromiseWithResolvers<void>;
  /** Aborts when reading may continue. */
  readonly over: AbortController;
}

/** Passes requests to pause from a consumer's methods to the read session. */
export class PauseGate {
  #pause: Pause | undefined;
  #interrupt = new AbortController();

  /** The current request, if there is one. */
  get pause(): Pause | undefined {
    return this.#pause;
  }

  /** Returns a signal that aborts at the next request, so that a waiting read ends. */
  interrupt(): AbortSignal {
    if (this.#interrupt.signal.aborted) this.#interrupt = new AbortController();
    return this.#interrupt.signal;
  }

  /** Ends a waiting read, so that its session checks its state. */
  interruptRead(): void {
    this.#interrupt.abort();
  }

  /** Requests a pause. Resolves when the pause is reached, or is over before that. */
  close(): Promise<void> {
    this.#pause ??= { reached: Promise.withResolvers<void>(), over: new AbortController() };
    this.#interrupt.abort();
    return this.#pause.reached.promise;
  }

  /** Withdraws the request and returns it. Reading continues when its `over` is aborted. */
  open(): Pause | undefined {
    const pause = this.#pause;
    this.#pause = undefined;
    return pause;
  }
}
