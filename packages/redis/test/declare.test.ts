import { declared, ids, live, message, queue, reading, sent, take, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { open, unique } from "./harness.ts";

test("a queue keeps the partitions that it was created with, and other expectations are drift", async () => {
  const link = await open();
  const [plainQueue, orderedQueue] = [queue(unique("queue")), queue(unique("queue"), true)];
  await declared(link, plainQueue);
  await declared(link, orderedQueue);
  const other = await open();
  const drift = { property: "ordered" };
  expect(await other.declare([{ ...plainQueue, ordered: true }], "create", live)).toEqual([
    expect.objectContaining({ ...drift, expected: "true", found: "false" }),
  ]);
  expect(await other.declare([{ ...orderedQueue, ordered: false }], "verify", live)).toEqual([
    expect.objectContaining({ ...drift, expected: "false", found: "true" }),
  ]);
  // The queue is used as it is.
  await sent(other, { ...plainQueue, ordered: true }, [message("a", { key: "k" })]);
  expect(ids(await take(await reading(link, plainQueue), 1))).toEqual(["a"]);
  await sent(link, orderedQueue, [message("b", { key: "k" })]);
  expect(ids(await take(await reading(other, { ...orderedQueue, ordered: false }), 1))).toEqual(["b"]);
});

test("a topic keeps the retention that it was created with", async () => {
  const link = await open();
  const to = topic(unique("topic"), 60_000);
  expect(await link.declare([to], "create", live)).toEqual([]);
  expect(await link.declare([topic(to.name)], "create", live)).toEqual([
    expect.objectContaining({ expected: "0", found: "60000" }),
  ]);
});
