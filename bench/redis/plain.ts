import type { Body, Contender, Reader } from "../contender.ts";
import { clientOf, duplicateOf } from "./client.ts";
import { bodyOf, createGroup, type Entry, fieldsOf, readNext } from "./group.ts";

/** ioredis as its README shows it: one call and one ack per message. */
export async function open(url: string, queue: string): Promise<Contender> {
  const client = clientOf(url);
  const stream = `{${queue}}`;
  await createGroup(client, stream, queue);
  const send = (body: Body): Promise<unknown> => client.xadd(stream, "*", ...fieldsOf(body));

  return {
    send,
    sendBatch: (bodies) => Promise.all(bodies.map(send)),
    async consume(handler, concurrency): Promise<Reader> {
      const reading = duplicateOf(client);
      const running = new Set<Promise<void>>();
      let open = true;
      const handle = async (entry: Entry): Promise<void> => {
        await handler(bodyOf(entry));
        await client.xack(stream, queue, entry[0]);
        await client.xdel(stream, entry[0]);
      };
      const loop = async (): Promise<void> => {
        while (open) {
          const free = concurrency - running.size;
          if (free === 0) {
            await Promise.race(running);
            continue;
          }
          for (const entry of await readNext(reading, stream, queue, "plain", free)) {
            const work: Promise<void> = handle(entry).finally(() => running.delete(work));
            running.add(work);
          }
        }
      };
      const ended = loop();
      return {
        async close() {
          open = false;
          await ended;
          await Promise.all(running);
          await reading.quit();
        },
      };
    },
    async close() {
      await client.quit();
    },
  };
}
