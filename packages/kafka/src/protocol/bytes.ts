/** Reads values of Kafka's protocol one after the other. */
export class Bytes {
  readonly data: Buffer;
  /** The index of the next byte. */
  at: number;

  constructor(data: Buffer, at: number = 0) {
    this.data = data;
    this.at = at;
  }

  int8(): number {
    this.at += 1;
    return this.data.readInt8(this.at - 1);
  }

  int16(): number {
    this.at += 2;
    return this.data.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.data.readInt32BE(this.at - 4);
  }

  /** Exact up to 2^53. Kafka's offsets, times and ids stay below that. */
  int64(): number {
    this.at += 8;
    return Number(this.data.readBigInt64BE(this.at - 8));
  }

  text(): string {
    const length = this.int16();
    this.at += length;
    return this.data.toString("utf8", this.at - length, this.at);
  }

  list<T>(read: () => T): readonly T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read);
  }

  /** A zigzag-encoded integer of variable length. */
  varint(): number {
    let byte = this.data[this.at++] ?? 0;
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 127;
    for (let scale = 128; byte >= 128; scale *= 128) {
      byte = this.data[this.at++] ?? 0;
      value += (byte & 127) * scale;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A view of the data, not a copy; null when the length is negative. */
  bytes(length: number): Buffer | null {
    if (length < 0) return null;
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }
}
