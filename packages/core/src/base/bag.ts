/** An item of a {@link Bag}. */
export interface Slotted {
  /** The item's index in its bag. Written by the bag only. */
  slot: number;
}

/**
 * An unordered set for objects that are added and removed all the time. An item can be in one bag only.
 *
 * It is an array, and each item stores its index. A `Set` or `Map` used like this is rehashed again and again, and its
 * old tables keep removed items alive until a full garbage collection.
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

  /** A snapshot of all items, in no particular order. */
  all(): T[] {
    return [...this.#items];
  }
}
