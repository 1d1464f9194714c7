const SMALLEST_CAPACITY = 16;
const CAPACITY_WORTH_FREEING = 1_024;

/** First in, first out, in constant time and without garbage: a ring buffer that grows. */
export class Fifo<T extends object> {
  #slots: (T | undefined)[] = new Array<T | undefined>(SMALLEST_CAPACITY).fill(undefined);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item;
    this.#size += 1;
  }

  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  shift(): T | undefined {
    const item = this.#slots[this.#head];
    if (item === undefined) return undefined;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size -= 1;
    if (this.#size === 0 && this.#slots.length > CAPACITY_WORTH_FREEING) this.#reset(SMALLEST_CAPACITY, []);
    return item;
  }

  values(): readonly T[] {
    const { length } = this.#slots;
    return Array.from({ length: this.#size }, (_, index) => this.#slots[(this.#head + index) & (length - 1)]).filter(
      (item) => item !== undefined,
    );
  }

  #grow(): void {
    this.#reset(this.#slots.length * 2, this.values());
  }

  #reset(capacity: number, items: readonly T[]): void {
    this.#slots = new Array<T | undefined>(capacity).fill(undefined);
    for (let index = 0; index < items.length; index += 1) this.#slots[index] = items[index];
    this.#head = 0;
  }
}
