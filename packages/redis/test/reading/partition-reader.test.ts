import type { Delivery } from "@anybroker/core/driver";
import { declared, ids, live, message, queue, reading, sent, settle, take } from "@anybroker-internal/testkit/link";
import { expect, test, vi } from "vitest";
import { open, plain, unique } from "../harness.ts";

const soon = { timeout: 8_000, interval: 20 } as const;
const ack = (delivery: Delivery) => ({ action: "ack", delivery }) as const;

test("a partition goes to another consumer only when nothing of it is held, and then in its order", async () => {
  const one = await open();
  const entity = await declared(one, queue(unique("queue"), true));
  const first = await reading(one, entity);
  const [x, y] = ["x", "y"];
  await sent(one, queue(entity.name, true), [message("x1", { key: x }), message("y1", { key: y })]);
  const held = await take(first, 2);
  const second = await reading(await open(), entity);
  await sent(one, queue(entity.name, true), [message("x2", { key: x }), message("y2", { key: y })]);
  // Both read what they may.
  const seen: Delivery[] = [];
  for (let round = 0; round < 20; round += 1) {
    const stop = AbortSignal.timeout(100);
    for (const got of await Promise.all([first.receive(5, stop), second.receive(5, stop)])) seen.push(...got);
  }
  // What the first consumer holds keeps the later messages of its partition from both.
  expect(ids(seen).every((id) => id === "x2" || id === "y2")).toBe(true);
  expect(await settle(first, ...held.map(ack))).toEqual([undefined, undefined]);
  await first.close(live);
  await vi.waitFor(async () => {
    seen.push(...(await second.receive(5, AbortSignal.timeout(200))));
    expect(new Set(ids(seen))).toEqual(new Set(["x2", "y2"]));
  }, soon);
});

test("a consumer that no longer owns a partition gets nothing of it", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue"), true));
  const source = await reading(link, entity);
  const client = plain();
  for (let partition = 0; partition < 8; partition += 1) {
    await client.hset(`{${entity.name}}.owners`, String(partition), "somebody-else");
  }
  await client.zadd(`{${entity.name}}.members`, Date.now() + 60_000, "somebody-else");
  await sent(link, queue(entity.name, true), [message("a", { key: "k" })]);
  for (let round = 0; round < 10; round += 1) expect(await source.receive(1, AbortSignal.timeout(100))).toEqual([]);
});

test("a delivery whose lease has ended before it was taken ends an ordered source, so that nothing overtakes it", async () => {
  const link = await open({}, { lease: 300 });
  const entity = await declared(link, queue(unique("queue"), true));
  const source = await reading(link, entity);
  await sent(link, queue(entity.name, true), [message("x1", { key: "x" })]);
  // The read goes on when its caller no longer waits.
  const stop = new AbortController();
  const receiving = source.receive(5, stop.signal);
  stop.abort();
  expect(await receiving).toEqual([]);
  await expect.poll(() => idleLonger(entity.name, 300)).toBe(1);
  expect(await source.receive(5, live)).toEqual([]);
  expect(await source.lost).toMatchObject({ message: expect.stringContaining("a lease had ended") });
});

/** How many entries of an ordered queue are held and have been idle for so long, in ms by the server's clock. */
async function idleLonger(name: string, ms: number): Promise<number> {
  const client = plain();
  const keys = (await client.keys(`{${name}}.part.?`)).concat(`{${name}}`);
  const pending = await Promise.all(keys.map((key) => client.xpending(key, name, "IDLE", ms, "-", "+", 10)));
  return pending.flat().length;
}
