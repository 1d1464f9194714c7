import type { TextOrBytes } from "../wire.ts";

/** The most bytes that a value takes besides its content. */
const MAX_HEAD = 9;
/** A text up to this length is written here; Node's own call costs more for a short one. */
const SHORT_TEXT = 64;
/** Reused for all but large results: allocating each time makes the garbage collector run full collections. */
const scratch = Buffer.allocUnsafeSlow(262_144);
/**
 * Called with `call`, this is compiled once for all kinds of strings. As a method it is looked up for each character.
 */
const charCodeAt = String.prototype.charCodeAt;

/** Packs texts, bytes and whole numbers from 0 up as MessagePack: one such argument costs far less than many. */
export function pack(values: readonly (TextOrBytes | number)[]): Buffer {
  let size = 0;
  for (const value of values) {
    size += MAX_HEAD + (typeof value === "number" ? 0 : value.length * (typeof value === "string" ? 3 : 1));
  }
  const buffer = size > scratch.length ? Buffer.allocUnsafe(size) : scratch;
  let end = 0;
  for (const value of values) {
    if (typeof value === "number") end = buffer.writeDoubleBE(value, buffer.writeUInt8(0xcb, end));
    else end = write(value, buffer, end);
  }
  return buffer === scratch ? Buffer.from(buffer.subarray(0, end)) : buffer.subarray(0, end);
}

/** Writes the type, a length of four bytes, and the content. Returns the end. */
function write(value: TextOrBytes, buffer: Buffer, at: number): number {
  const start = at + 5;
  if (typeof value !== "string") buffer.set(value, start);
  const length = typeof value === "string" ? writeText(value, buffer, start) : value.length;
  buffer[at] = 0xdb;
  buffer.writeUInt32BE(length, at + 1);
  return start + length;
}

/** Writes UTF-8. Returns the number of bytes. */
function writeText(text: string, buffer: Buffer, start: number): number {
  const { length } = text;
  if (length > SHORT_TEXT) return buffer.write(text, start);
  for (let at = 0; at < length; at += 1) {
    const code = charCodeAt.call(text, at);
    if (code >= 0x80) return buffer.write(text, start);
    buffer[start + at] = code;
  }
  return length;
}
