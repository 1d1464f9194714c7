import type * as library from "@platformatic/kafka";
import type { NewRecord } from "../protocol/records.ts";

const EMPTY = Buffer.alloc(0);

/** A record as @platformatic/kafka writes it. */
export function toMessage(
  topic: string,
  partition: number,
  { key, value, headers, timestamp }: NewRecord,
): library.MessageRecord {
  const pairs = Object.entries(headers).flatMap(([name, header]) => {
    const values = header === null || typeof header === "string" || Buffer.isBuffer(header) ? [header] : header;
    return values.map((one) => [Buffer.from(name), toBuffer(one)] as const);
  });
  return {
    topic,
    partition,
    headers: new Map(pairs),
    timestamp: BigInt(timestamp),
    ...(key === null ? {} : { key: toBuffer(key) }),
    // The cast is harmless: without a value the library writes a null, which is what deletes a key.
    value: value as Buffer,
  };
}

function toBuffer(value: string | Buffer | null): Buffer {
  return typeof value === "string" ? Buffer.from(value) : (value ?? EMPTY);
}
