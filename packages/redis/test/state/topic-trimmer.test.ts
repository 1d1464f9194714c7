import type { Delivery, Source } from "@anybroker/core/driver";
import {
  declared,
  live,
  message,
  reading,
  sent,
  settle,
  subscription,
  take,
  topic,
} from "@anybroker-internal/testkit/link";
import { expect, test, vi } from "vitest";
import { open, plain, unique } from "../harness.ts";

const soon = { timeout: 8_000, interval: 20 } as const;
const ack = (delivery: Delivery) => ({ action: "ack", delivery }) as const;

/** Takes deliveries, and drops them, until the check passes. */
async function whileReceiving(source: Source, check: () => Promise<void>): Promise<void> {
  await vi.waitFor(async () => {
    await source.receive(10, AbortSignal.timeout(100));
    await check();
  }, soon);
}

test("a topic keeps what a subscription has not handled, and nothing else", async () => {
  const link = await open();
  const to = topic(unique("topic"));
  const [slow, fast] = [subscription(to, "slow"), subscription(to, "fast")];
  await declared(link, slow);
  await declared(link, fast);
  const client = plain();
  // Redis trims whole nodes of a stream, so there must be more messages than one node holds.
  const all = Array.from({ length: 500 }, (_, index) => message(`m${index}`));
  await sent(link, to, all);
  const [slowSource, fastSource] = [await reading(link, slow), await reading(link, fast)];
  const [first] = await take(slowSource, 1);
  await settle(fastSource, ...(await take(fastSource, 500)).map(ack));
  await whileReceiving(fastSource, async () => expect(await client.exists(`{${to.name}}`)).toBe(1));
  expect(await client.xlen(`{${to.name}}`)).toBe(500);
  if (first !== undefined) await settle(slowSource, ack(first), ...(await take(slowSource, 499)).map(ack));
  await whileReceiving(slowSource, async () => expect(await client.xlen(`{${to.name}}`)).toBeLessThan(200));
});

test("a topic with many publishes is trimmed as fast as it is filled", async () => {
  const link = await open();
  const to = topic(unique("topic"));
  const { name } = await declared(link, subscription(to, "s"));
  const client = plain();
  for (let round = 0; round < 30; round += 1) {
    await sent(
      link,
      to,
      Array.from({ length: 1_000 }, (_, index) => message(`${round}-${index}`)),
    );
  }
  await client.xgroup("SETID", `{${to.name}}`, name, "$");
  const publish = async (): Promise<number> => {
    await sent(link, to, [message("one more")]);
    return client.xlen(`{${to.name}}`);
  };
  await expect.poll(publish, soon).toBeLessThan(25_000);
  // One trim a second would take many seconds for what these publishes trim.
  for (let more = 0; more < 10; more += 1) await publish();
  expect(await publish()).toBeLessThan(1_000);
});

test("a stream that another program has created is not trimmed and keeps its groups", async () => {
  const name = unique("theirs");
  const client = plain();
  for (let n = 0; n < 300; n += 1) await client.xadd(`{${name}}`, "*", "d", `${n}`);
  await client.xgroup("CREATE", `{${name}}`, "billing.v2", "$");
  for (const topology of ["none", "create"] as const) {
    const link = await open({}, { topology });
    await link.declare([topic(name)], topology === "none" ? "verify" : topology, live);
    expect(await sent(link, topic(name), [message("a")])).toEqual(["accepted"]);
    // The trim that the send began has ended when this reply comes.
    await link.health(live);
  }
  expect(await client.xlen(`{${name}}`)).toBe(302);
  expect(await client.xinfo("GROUPS", `{${name}}`)).toEqual([expect.arrayContaining(["billing.v2"])]);
});

test("a group of another program on a topic of ours keeps what it has not read", async () => {
  const to = topic(unique("topic"));
  const client = plain();
  await (await open()).declare([to], "create", live);
  await client.xgroup("CREATE", `{${to.name}}`, "billing.v2", "$");
  for (const id of ["a", "b"]) {
    // A new link trims at its first send.
    const link = await open();
    expect(await sent(link, to, [message(id)])).toEqual(["accepted"]);
    await link.health(live);
  }
  expect(await client.xlen(`{${to.name}}`)).toBe(2);
  expect(await client.xinfo("GROUPS", `{${to.name}}`)).toEqual([expect.arrayContaining(["billing.v2"])]);
});
