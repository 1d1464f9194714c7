import type { ForeignClient, ForeignValue } from "@anybroker/conformance";
import { Cluster, Redis } from "ioredis";

/** ioredis without anybroker: acts as another program that uses the same server. */
export interface PlainClient extends ForeignClient {
  close(): Promise<void>;
}

type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

/** Connects a plain client. */
export async function plainClient(url: string): Promise<PlainClient> {
  const hosts = [...url.matchAll(/([^/,:@]+):(\d+)/g)].map(([, host = "", port]) => ({ host, port: Number(port) }));
  const client = hosts.length > 1 ? new Cluster(hosts) : new Redis(url);
  // Commands reject with the reason.
  client.on("error", () => {});
  await client.ping();
  return {
    values: ["binary", "list"],
    headerPrefix: "h.",
    async send(queue, { body, headers, sentAt }) {
      const fields = Object.entries(headers).flatMap(([name, value]) =>
        (Array.isArray(value) ? value : [value]).flatMap((one) => [name, raw(one)]),
      );
      if (sentAt !== undefined) fields.push("ts", String(sentAt));
      await client.xadd(`{${queue}}`, "*", "d", Buffer.from(body), ...fields);
    },
    async receive(queue, signal) {
      for (;;) {
        signal.throwIfAborted();
        // The cast is true: Redis returns the streams that have entries, or null.
        const found = (await client.xreadgroupBuffer(
          ...(["GROUP", queue, "plain", "COUNT", 1, "STREAMS", `{${queue}}`, ">"] as const),
        )) as readonly (readonly [Buffer, readonly Entry[]])[] | null;
        const entry = found?.[0]?.[1][0];
        if (entry === undefined) continue;
        await client.xack(`{${queue}}`, queue, entry[0]);
        return { body: entry[1][1] ?? Buffer.alloc(0), headers: headersOf(entry[1]) };
      }
    },
    // The cast is true: the driver hands out entries in this form.
    headersOf: (native) => headersOf((native as { readonly fields: readonly Buffer[] }).fields),
    async close() {
      await client.quit();
    },
  };
}

function raw(value: ForeignValue): string | Buffer {
  return value instanceof Uint8Array ? Buffer.from(value) : String(value);
}

/** Values as text where they are UTF-8, else as bytes. A field that comes more than once is a list. */
function headersOf(fields: readonly Buffer[]): Readonly<Record<string, ForeignValue>> {
  const headers: Record<string, ForeignValue> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = String(fields[at]).replace(/^h\./, "");
    const value = fields[at + 1] ?? Buffer.alloc(0);
    const text = value.toString();
    const plain = Buffer.from(text).equals(value) ? text : value;
    const before = headers[name];
    headers[name] = before === undefined ? plain : [...(Array.isArray(before) ? before : [String(before)]), text];
  }
  return headers;
}
