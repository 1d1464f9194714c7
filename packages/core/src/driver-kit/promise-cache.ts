/**
 * Caches a value for each key that is created asynchronously. It forgets a failure, so that the next `get` tries again.
 */
export class PromiseCache<K, V> {
  readonly #known = new Map<K, Promise<V>>();

  /** Returns the value of the key. Calls `make` if there is none and none is being created. */
  get(key: K, make: () => Promise<V>): Promise<V> {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const making = make();
    this.#known.set(key, making);
    making.catch(() => {
      if (this.#known.get(key) === making) this.#known.delete(key);
    });
    return making;
  }

  /** Returns the value if it exists or is being created. */
  peek(key: K): Promise<V> | undefined {
    return this.#known.get(key);
  }

  /** Forgets the value. The next `get` creates a new one. */
  delete(key: K): void {
    this.#known.delete(key);
  }
}
