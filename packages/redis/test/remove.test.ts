import {
  declared,
  live,
  message,
  queue,
  reading,
  sent,
  settle,
  subscription,
  takeOne,
  topic,
} from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { open, plain, unique } from "./harness.ts";

const later = { deliverAt: Date.now() + 600_000 };

test("no key of a queue is left, ordered or not", async () => {
  const link = await open();
  const client = plain();
  for (const ordered of [true, false]) {
    const entity = await declared(link, queue(unique("queue"), ordered));
    const keys = Array.from({ length: 30 }, (_, index) => `k${index}`);
    await sent(link, entity, [
      ...keys.map((key) => message(key, { key })),
      ...keys.map((key) => message(`later ${key}`, { key, ...later })),
    ]);
    const source = await reading(link, entity);
    const delivery = await takeOne(source);
    await source.keepProgress?.(delivery, { failures: 1, notBefore: 0 }, live);
    await settle(source, { action: "deadLetter", delivery: await takeOne(source), headers: {} });
    await source.close(live);
    expect((await client.keys(`{${entity.name}}*`)).length).toBeGreaterThan(3);
    await link.remove?.([entity], live);
    expect(await client.keys(`{${entity.name}}*`)).toEqual([]);
  }
});

test("a topic goes with its subscriptions, also those with the name of another program's group", async () => {
  const parent = topic(unique("topic"), 60_000);
  const link = await open({ naming: { subscriptions: { [`${parent.name}/mapped`]: "their.group" } } });
  const client = plain();
  const [audit, mapped] = [subscription(parent, "audit"), subscription(parent, "mapped")];
  for (const entity of [audit, mapped]) await declared(link, entity);
  const source = await reading(link, mapped);
  await sent(link, parent, [message("a"), message("b", later)]);
  await settle(source, { action: "deadLetter", delivery: await takeOne(source), headers: {} });
  await link.remove?.([audit], live);
  expect((await client.keys(`{${parent.name}}*`)).toSorted()).toEqual(
    ["", ".delay", ".retention", ".sub.their.group.dlq", ".sub.their.group.filter", ".sub.their.group.retry"].map(
      (end) => `{${parent.name}}${end}`,
    ),
  );
  await link.remove?.([parent], live);
  expect(await client.keys(`{${parent.name}}*`)).toEqual([]);
});
