/**
 * The `lost` promise of a link or a source, with the one who resolves it: the first reason counts, and what must be
 * freed is freed once.
 */
export class Ending<Reason = unknown> {
  readonly #resolvers = Promise.withResolvers<Reason>();
  readonly #onEnd: (reason: Reason) => void;
  #over = false;

  /** `onEnd` runs once, synchronously, before the promise resolves. */
  constructor(onEnd: (reason: Reason) => void = () => {}) {
    this.#onEnd = onEnd;
  }

  /** Resolves with the first reason. Never rejects. */
  get lost(): Promise<Reason> {
    return this.#resolvers.promise;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Ends it; later calls do nothing. A bound function, so that it can be an event listener. */
  readonly end = (reason: Reason): void => {
    if (this.#over) return;
    this.#over = true;
    this.#onEnd(reason);
    this.#resolvers.resolve(reason);
  };
}
