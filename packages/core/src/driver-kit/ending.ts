/** The `lost` promise of a link or a source, together with the means to resolve it. Only the first reason counts. */
export class Ending<Reason = unknown> {
  readonly #resolvers = Promise.withResolvers<Reason>();
  readonly #onEnd: (reason: Reason) => void;
  #over = false;

  /** `onEnd` frees what must be freed. It runs once, synchronously, before the promise resolves. */
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

  /** Ends the link or source. Later calls do nothing. It is bound, so that it can be an event listener. */
  readonly end = (reason: Reason): void => {
    if (this.#over) return;
    this.#over = true;
    this.#onEnd(reason);
    this.#resolvers.resolve(reason);
  };
}
