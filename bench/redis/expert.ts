import type { Redis } from "ioredis";
import type { Body, Contender, Reader } from "../contender.ts";
import { clientOf, duplicateOf } from "./client.ts";
import { bodyOf, createGroup, fieldsOf, readNext } from "./group.ts";

/** The number of entries that one read asks for. */
const page = 500;

interface Waiting {
  readonly body: Body;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * ioredis as an expert uses it: messages that are sent in one turn of the event loop share a pipeline. Reads block on
 * their own connection, fetch many entries, and start while the last ones are being handled. One command acks all
 * entries that were handled in the meantime.
 */
export async function open(url: string, queue: string): Promise<Contender> {
  const client = clientOf(url);
  const stream = `{${queue}}`;
  await createGroup(client, stream, queue);
  let waiting: Waiting[] = [];

  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    const pipeline = client.pipeline();
    for (const { body, resolve, reject } of batch) {
      pipeline.xadd(stream, "*", ...fieldsOf(body), (error: unknown) => (error ? reject(error) : resolve()));
    }
    void pipeline.exec();
  };

  return {
    send: (body) =>
      new Promise<void>((resolve, reject) => {
        if (waiting.length === 0) queueMicrotask(flush);
        waiting.push({ body, resolve, reject });
      }),
    async sendBatch(bodies) {
      const pipeline = client.pipeline();
      for (const body of bodies) pipeline.xadd(stream, "*", ...fieldsOf(body));
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
    },
    consume: (handler, concurrency) => consume(client, stream, queue, handler, concurrency),
    async close() {
      await client.quit();
    },
  };
}

async function consume(
  client: Redis,
  stream: string,
  group: string,
  handler: (body: Body) => Promise<void>,
  concurrency: number,
): Promise<Reader> {
  const reading = duplicateOf(client);
  let open = true;
  let handled: string[] = [];
  let acking: Promise<unknown> = Promise.resolve();
  const ack = (): void => {
    const ids = handled;
    handled = [];
    if (ids.length === 0) return;
    // Replies arrive in the order of the commands, so the end only has to wait for the last one.
    acking = client
      .pipeline()
      .xack(stream, group, ...ids)
      .xdel(stream, ...ids)
      .exec();
  };
  const done = (id: string): void => {
    if (handled.length === 0) setImmediate(ack);
    handled.push(id);
  };
  const loop = async (): Promise<void> => {
    let next = readNext(reading, stream, group, "expert", page);
    while (open) {
      const entries = await next;
      next = readNext(reading, stream, group, "expert", page);
      let at = 0;
      const worker = async (): Promise<void> => {
        for (let entry = entries[at++]; entry !== undefined; entry = entries[at++]) {
          await handler(bodyOf(entry));
          done(entry[0]);
        }
      };
      await Promise.all(Array.from({ length: Math.min(concurrency, entries.length) }, worker));
    }
    await next;
  };
  const ended = loop();
  return {
    async close() {
      open = false;
      await ended;
      ack();
      await acking;
      await reading.quit();
    },
  };
}
