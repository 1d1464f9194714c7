import type { FilterValue } from "../../filters/values.ts";
import { type Typed, types } from "../rhea.ts";
import { uuidBytes, uuidOf } from "../wire/uuid.ts";

const TIME_SPAN = "com.microsoft:timespan";
const TICKS_PER_MS = 10_000n;

/** What a filter sees of the encoded value at a position; undefined for a value that filters do not know. */
export function filterValueAt(bytes: Buffer, position: number): FilterValue | undefined {
  const { type, value, descriptor } = new types.Reader(bytes.subarray(position)).read();
  if (descriptor !== undefined) {
    return descriptor.value === TIME_SPAN ? { kind: "timespan", milliseconds: ticksToMs(value) } : undefined;
  }
  if (value === null || typeof value === "string" || typeof value === "boolean" || value instanceof Date) return value;
  if (type.name === "Boolean") return value === 1;
  if (type.name === "Float" || type.name === "Double") return Number(value);
  if (typeof value === "number") return BigInt(value);
  if (!Buffer.isBuffer(value)) return undefined;
  if (type.name === "Uuid") return { kind: "guid", value: uuidOf(value) };
  if (type.name === "Long") return value.readBigInt64BE();
  return type.name === "Ulong" ? value.readBigUInt64BE() : undefined;
}

/** Encodes what an action sets. */
export function encodeFilterValue(value: FilterValue): Buffer {
  const writer = new types.Writer();
  writer.write(typed(value));
  return writer.toBuffer();
}

function typed(value: FilterValue): Typed {
  if (typeof value === "bigint") return types.wrap_long(longBytes(value));
  if (typeof value === "number") return types.wrap_double(value);
  if (typeof value !== "object" || value === null || value instanceof Date) return types.wrap(value);
  if (value.kind === "guid") return types.wrap_uuid(uuidBytes(value.value));
  const ticks = BigInt(Math.round(value.milliseconds)) * TICKS_PER_MS;
  return types.wrap_described(types.wrap_long(longBytes(ticks)), TIME_SPAN);
}

function longBytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt.asIntN(64, value));
  return bytes;
}

function ticksToMs(value: unknown): number {
  const ticks = Buffer.isBuffer(value) ? value.readBigInt64BE() : BigInt(Number(value));
  return Number(ticks / TICKS_PER_MS);
}
