import type { Redis } from "ioredis";
import type { Body } from "../contender.ts";
import { uuid } from "../id.ts";

/** An entry of a stream, as ioredis returns it. */
export type Entry = readonly [id: string, fields: readonly string[]];

/** Creates the stream and its group if they are missing. */
export async function createGroup(client: Redis, stream: string, group: string): Promise<void> {
  await client.xgroup("CREATE", stream, group, "0", "MKSTREAM").catch((error: unknown) => {
    if (!String(error).includes("BUSYGROUP")) throw error;
  });
}

/** The fields of a message, the same as anybroker writes. */
export function fieldsOf(body: Body): string[] {
  return ["d", JSON.stringify(body), "id", uuid(), "ts", String(Date.now()), "ct", "application/json"];
}

/** The body of an entry. */
export function bodyOf([, fields]: Entry): Body {
  return JSON.parse(fields[fields.indexOf("d") + 1] ?? "");
}

/** Reads once, and waits up to half a second for an entry. */
export async function readNext(
  client: Redis,
  stream: string,
  group: string,
  consumer: string,
  count: number,
): Promise<readonly Entry[]> {
  const options = ["COUNT", count, "BLOCK", 500, "STREAMS", stream, ">"] as const;
  // The cast is true: ioredis returns this structure.
  const found = (await client.xreadgroup("GROUP", group, consumer, ...options)) as
    | readonly (readonly [string, readonly Entry[]])[]
    | null;
  return found?.[0]?.[1] ?? [];
}
