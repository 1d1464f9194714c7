import { declared, live, message, queue, reading, sent, settle, takeOne } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { open, plain, unique } from "../harness.ts";

const crash = AbortSignal.abort(new Error("crash"));

test("what is noted of a message that is retried in place comes with its next delivery, and goes when it is settled", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue"), true));
  await sent(link, entity, [message("a", { key: "k" })]);
  const crashing = await open();
  const first = await reading(crashing, entity);
  const progress = { failures: 2, notBefore: 1_700_000_000_000 };
  const delivery = await takeOne(first);
  expect(delivery).toMatchObject({ deliveries: 0, progress: undefined });
  await first.keepProgress?.(delivery, progress, live);
  await first.close(crash);
  await crashing.close(crash);
  const second = await reading(link, entity);
  const again = await takeOne(second, 30_000);
  expect(again).toMatchObject({ id: "a", deliveries: 1, progress });
  expect(await settle(second, { action: "ack", delivery: again })).toEqual([undefined]);
  await expect.poll(() => plain().exists(`{${entity.name}}.progress`)).toBe(0);
});

test("what is noted comes with the next delivery of a message that was given back", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue"), true));
  await sent(link, entity, [message("a", { key: "k" })]);
  const source = await reading(link, entity);
  const progress = { failures: 2, notBefore: 1_700_000_000_000 };
  for (let time = 0; time < 3; time += 1) {
    const delivery = await takeOne(source);
    await source.keepProgress?.(delivery, progress, live);
    expect(await settle(source, { action: "release", delivery })).toEqual([undefined]);
  }
  // A release is no evidence of a crash, so the count stays.
  expect(await takeOne(source)).toMatchObject({ id: "a", deliveries: 1, progress });
});

test.each(["200000000 0", "2 9999999999999999", "2 0 0", "-1 0", "2"])("the note %s is not believed", async (note) => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue"), true));
  await sent(link, entity, [message("a", { key: "k" })]);
  const source = await reading(link, entity);
  const delivery = await takeOne(source);
  await source.keepProgress?.(delivery, { failures: 2, notBefore: 0 }, live);
  const key = `{${entity.name}}.progress`;
  const [field = ""] = await plain().hkeys(key);
  await plain().hset(key, field, note);
  await settle(source, { action: "release", delivery });
  expect(await takeOne(source)).toMatchObject({ id: "a", progress: undefined });
});
