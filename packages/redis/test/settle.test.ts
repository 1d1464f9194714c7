import type { Delivery } from "@anybroker/core/driver";
import { declared, live, message, queue, reading, sent, settle, take, takeOne } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { open, plain, unique } from "./harness.ts";

const ack = (delivery: Delivery) => ({ action: "ack", delivery }) as const;

test("an acked entry is gone from the stream of a queue", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const source = await reading(link, entity);
  await sent(link, queue(entity.name), [message("a"), message("b")]);
  const [a, b] = await take(source, 2);
  if (a === undefined || b === undefined) return expect.fail();
  // The order does not matter.
  expect(await settle(source, ack(b), ack(a))).toEqual([undefined, undefined]);
  await source.pause(live);
  expect(await plain().xlen(`{${entity.name}}`)).toBe(0);
  expect(await settle(source, { action: "release", delivery: a })).toEqual([expect.objectContaining({ lost: true })]);
});

test("a released entry comes again at once, to any consumer, as if it had not been handed over", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const source = await reading(link, entity);
  await sent(link, queue(entity.name), [message("a")]);
  const delivery = await takeOne(source);
  expect(await settle(source, { action: "release", delivery })).toEqual([undefined]);
  expect(await link.stats(entity, live)).toEqual({ ready: 1, delayed: 0, inFlight: 0, dead: 0 });
  const other = await reading(await open(), entity);
  await source.pause(live);
  expect(await takeOne(other)).toMatchObject({ id: "a", deliveries: 0 });
});

test("an acked entry stays in the stream of a queue while another group reads the stream", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique()));
  const client = plain();
  await client.xgroup("CREATE", `{${entity.name}}`, "audit", "0");
  await sent(
    link,
    entity,
    ["a", "b"].map((id) => message(id)),
  );
  const source = await reading(link, entity);
  await settle(source, ...(await take(source, 2)).map(ack));
  await source.close(live);
  expect(await link.stats(entity, live)).toMatchObject({ ready: 0, inFlight: 0 });
  expect(await client.xlen(`{${entity.name}}`)).toBe(2);
});

test("where Redis has XACKDEL, an acked entry goes from a queue's stream if the other groups are done with it", async (context) => {
  const link = await open();
  const client = plain();
  const known = await client.call("COMMAND", "INFO", "XACKDEL");
  if (Array.isArray(known) && known[0] === null) context.skip("XACKDEL came with Redis 8.2");
  const entity = await declared(link, queue(unique()));
  const [stream, group] = [`{${entity.name}}`, "audit"];
  await client.xgroup("CREATE", stream, group, "0");
  await sent(
    link,
    entity,
    ["a", "b"].map((id) => message(id)),
  );
  const found = await client.xreadgroup("GROUP", group, "somebody", "COUNT", 1, "STREAMS", stream, ">");
  await client.xack(stream, group, String(/\d+-\d+/.exec(JSON.stringify(found))));
  const source = await reading(link, entity);
  await settle(source, ...(await take(source, 2)).map(ack));
  await source.close(live);
  expect(await client.xlen(stream)).toBe(1);
});
