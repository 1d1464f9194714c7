/** A pause that was asked for. */
export interface Pause {
  /** Reading has stopped, and what no handler had begun went back. */
  readonly reached: PromiseWithResolvers<void>;
  /** Aborts when reading is to go on. */
  readonly over: AbortController;
}

/** Where a consumer's callers ask for a pause, and its reader finds the request. */
export class PauseGate {
  #pause: Pause | undefined;
  #interrupt = new AbortController();

  /** The pause that is asked for at present. */
  get pause(): Pause | undefined {
    return this.#pause;
  }

  /** Aborts when a pause is asked for, so that a waiting read ends. Fresh each time it is taken after that. */
  interrupt(): AbortSignal {
    if (this.#interrupt.signal.aborted) this.#interrupt = new AbortController();
    return this.#interrupt.signal;
  }

  /** Asks for a pause. Its promise resolves when it is reached, or when it is over before that. */
  close(): Promise<void> {
    this.#pause ??= { reached: Promise.withResolvers<void>(), over: new AbortController() };
    this.#interrupt.abort();
    return this.#pause.reached.promise;
  }

  /** Takes the request back. Returns it; reading goes on once its `over` aborts. */
  open(): Pause | undefined {
    const pause = this.#pause;
    this.#pause = undefined;
    return pause;
  }
}
