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
import { expect, test } from "vitest";
import { open, plain, unique } from "./harness.ts";

test("a subscription that has read everything has nothing ready, whatever lag the server believes in", async () => {
  const link = await open();
  const entity = await declared(link, subscription(topic(unique("topic")), "audit"));
  const source = await reading(link, entity);
  await sent(
    link,
    topic(entity.topic.name),
    ["a", "b", "c"].map((id) => message(id)),
  );
  const deliveries = await take(source, 3);
  await settle(source, ...deliveries.map((delivery) => ({ action: "ack", delivery }) as const));
  const key = `{${entity.topic.name}}`;
  const client = plain();
  // What a restart of the server can do, made here on purpose.
  const [[last] = [""]] = await client.xrevrange(key, "+", "-", "COUNT", 1);
  await client.call("XGROUP", "SETID", key, entity.name, last, "ENTRIESREAD", "1");
  const groups = String(await client.xinfo("GROUPS", key));
  expect(groups).toMatch(/lag,[1-9]/);
  expect(await link.stats(entity, live)).toMatchObject({ ready: 0, inFlight: 0 });
});
