/** Values that are made once for each key, asynchronously. A failure is not kept: the next `get` tries again. */
export class PromiseCache<K, V> {
  readonly #known = new Map<K, Promise<V>>();

  /** The value of the key, made by `make` unless it is there or on its way. */
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

  /** The value if it is there or on its way. */
  peek(key: K): Promise<V> | undefined {
    return this.#known.get(key);
  }

  /** Forgets the value; the next `get` makes another one. */
  delete(key: K): void {
    this.#known.delete(key);
  }
}
