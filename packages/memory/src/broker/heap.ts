/** The smallest item comes first. */
export class Heap<T extends object> {
  readonly #items: T[] = [];
  readonly #isLess: (one: T, other: T) => boolean;

  constructor(isLess: (one: T, other: T) => boolean) {
    this.#isLess = isLess;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** All items, in no order. */
  values(): readonly T[] {
    return this.#items;
  }

  push(item: T): void {
    let index = this.#items.length;
    this.#items.push(item);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex];
      if (parent === undefined || !this.#isLess(item, parent)) break;
      this.#items[index] = parent;
      index = parentIndex;
    }
    this.#items[index] = item;
  }

  pop(): T | undefined {
    const top = this.#items[0];
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.#sink(last);
    return top;
  }

  #sink(item: T): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const childIndex = this.#smaller(left, left + 1);
      const child = this.#items[childIndex];
      if (child === undefined || !this.#isLess(child, item)) break;
      this.#items[index] = child;
      index = childIndex;
    }
    this.#items[index] = item;
  }

  #smaller(left: number, right: number): number {
    const leftItem = this.#items[left];
    const rightItem = this.#items[right];
    const rightIsSmaller = leftItem !== undefined && rightItem !== undefined && this.#isLess(rightItem, leftItem);
    return rightIsSmaller ? right : left;
  }
}
