/** The smallest key first. */
export class Heap<T> {
  readonly #keyOf: (item: T) => number;
  #items: T[] = [];

  constructor(keyOf: (item: T) => number) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#up(this.#items.length - 1, item);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.#down(0, last);
    return first;
  }

  /** Removes what the condition does not hold for. */
  keep(condition: (item: T) => boolean): void {
    this.#items = this.#items.filter(condition);
    for (let index = (this.#items.length >> 1) - 1; index >= 0; index--) {
      this.#down(index, this.#items[index] as T); // The index is one of the array.
    }
  }

  #up(from: number, item: T): void {
    const key = this.#keyOf(item);
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#items[parent] as T; // A parent's index is below its child's.
      if (this.#keyOf(above) <= key) break;
      this.#items[index] = above;
      index = parent;
    }
    this.#items[index] = item;
  }

  #down(from: number, item: T): void {
    const items = this.#items;
    const key = this.#keyOf(item);
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      const left = items[child];
      if (left === undefined) break;
      const right = items[child + 1];
      let smaller = left;
      if (right !== undefined && this.#keyOf(right) < this.#keyOf(left)) {
        child++;
        smaller = right;
      }
      if (this.#keyOf(smaller) >= key) break;
      items[index] = smaller;
      index = child;
    }
    items[index] = item;
  }
}
