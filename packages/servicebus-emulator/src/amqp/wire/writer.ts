const TWO_TO_THE_32 = 2 ** 32;

/** Writes AMQP 1.0 into a buffer that grows. */
export class Writer {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  /** What was written, as bytes of their own. */
  result(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32BE(value, this.#length);
  }

  /** The 8 bytes of a whole number ≥ 0. */
  uint64(value: number): void {
    this.uint32(Math.floor(value / TWO_TO_THE_32));
    this.uint32(value % TWO_TO_THE_32);
  }

  /** The descriptor of a section. */
  section(code: number): void {
    this.byte(0x00);
    this.byte(0x53);
    this.byte(code);
  }

  uint(value: number): void {
    this.byte(0x70);
    this.uint32(value);
  }

  int(value: number): void {
    this.byte(0x71);
    this.uint32(value);
  }

  long(value: number): void {
    this.byte(0x81);
    this.uint64(value);
  }

  timestamp(ms: number): void {
    this.byte(0x83);
    this.uint64(ms);
  }

  string(text: string): void {
    const bytes = Buffer.from(text);
    if (bytes.length < 256) {
      this.byte(0xa1);
      this.byte(bytes.length);
    } else {
      this.byte(0xb1);
      this.uint32(bytes.length);
    }
    this.raw(bytes);
  }

  symbol(name: string): void {
    const bytes = Buffer.from(name, "ascii");
    this.byte(0xa3);
    this.byte(bytes.length);
    this.raw(bytes);
  }

  /** Begins a list (0xd0) or a map (0xd1). Returns what `end` needs. */
  begin(code: 0xd0 | 0xd1): number {
    this.byte(code);
    this.uint32(0);
    this.uint32(0);
    return this.#length;
  }

  /** Ends the list or map with its number of items; each key and each value of a map is one. */
  end(begun: number, count: number): void {
    this.#bytes.writeUInt32BE(this.#length - begun + 4, begun - 8);
    this.#bytes.writeUInt32BE(count, begun - 4);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count));
    bigger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bigger;
  }
}
