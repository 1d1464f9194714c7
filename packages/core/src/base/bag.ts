/** What a {@link Bag} can hold: it knows its place. */
export interface Slotted {
  slot: number;
}

/**
 * A set of objects that come and go all the time. An array, with the place kept on the item: a `Set` or a `Map` used
 * like this is rehashed over and over, and its old tables keep what has left them alive until a full collection.
 */
export class Bag<T extends Slotted> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    item.slot = this.#items.length;
    this.#items.push(item);
  }

  has(item: T): boolean {
    return this.#items[item.slot] === item;
  }

  remove(item: T): void {
    if (!this.has(item)) return;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    last.slot = item.slot;
    this.#items[item.slot] = last;
  }

  /** All items as they are now, in no order. */
  all(): T[] {
    return [...this.#items];
  }
}
