import { declared, ids, live, message, queue, reading, sent, settle, take } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { open, plain, unique } from "./harness.ts";

const numbered = (count: number) => Array.from({ length: count }, (_, index) => message(`m${index}`));

test("what a consumer holds stays, wherever it is among what waits, and can be settled", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("held")));
  await sent(link, entity, numbered(2_000));
  const source = await reading(link, entity, { window: 1_500 });
  const taken = await take(source, 1_200);
  const held = taken.filter((_, index) => [3, 700, 1_199].includes(index));
  const acks = taken.filter((delivery) => !held.includes(delivery));
  await settle(source, ...acks.map((delivery) => ({ action: "ack", delivery }) as const));
  await source.flush?.([], live);
  await link.purge?.([entity], live);
  expect(await link.stats(entity, live)).toEqual({ ready: 0, delayed: 0, inFlight: 3, dead: 0 });
  expect(await plain().xlen(`{${entity.name}}`)).toBe(3);
  await sent(link, entity, [message("after")]);
  expect(ids(await take(source, 1))).toEqual(["after"]);
  const results = await settle(source, ...held.map((delivery) => ({ action: "ack", delivery }) as const));
  expect(results).toEqual([undefined, undefined, undefined]);
});

test("what another group has not read stays for it", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("shared")));
  const key = `{${entity.name}}`;
  const client = plain();
  await client.xgroup("CREATE", key, "other", "0");
  await sent(link, entity, numbered(3));
  await link.purge?.([entity], live);
  expect(await link.stats(entity, live)).toMatchObject({ ready: 0, delayed: 0 });
  const source = await reading(link, entity);
  await sent(link, entity, [message("after")]);
  expect(ids(await take(source, 1))).toEqual(["after"]);
  expect(await client.xlen(key)).toBe(4);
  expect(String(await client.xreadgroup("GROUP", "other", "me", "STREAMS", key, ">"))).toContain("m0");
});

test("a purge ends while messages keep coming", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("busy")));
  await sent(link, entity, numbered(1_000));
  const stop = new AbortController();
  const sending = (async () => {
    while (!stop.signal.aborted) await sent(link, entity, numbered(50));
  })();
  await link.purge?.([entity], live);
  stop.abort();
  await sending;
  const { ready } = await link.stats(entity, live);
  expect(ready).toBeLessThan(1_000);
});
