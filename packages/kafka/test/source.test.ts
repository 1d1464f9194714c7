import type { Delivery, Source } from "@anybroker/core/driver";
import {
  clock,
  declared,
  live,
  message,
  queue,
  reading,
  settle,
  subscription,
  take,
  topic,
} from "@anybroker-internal/testkit/link";
import { describe, expect, test } from "vitest";
import type { KafkaRecord } from "../src/protocol/records.ts";
import { accepted, numbered, open, plain, unique } from "./harness.ts";

const ack = (delivery: Delivery) => ({ action: "ack", delivery }) as const;
const ids = (deliveries: readonly Delivery[]) => deliveries.map(({ id = "" }) => id).sort((a, b) => (a < b ? -1 : 1));
/** The offsets of a group in a topic, by partition. */
async function offsets(group: string, name: string): Promise<readonly (readonly [number, string])[]> {
  const { admin } = await plain();
  const [found] = await admin.fetchOffsets({ groupId: group, topics: [name] });
  const partitions = (found?.partitions ?? []).toSorted((one, other) => one.partition - other.partition);
  return partitions.map(({ offset, metadata }) => [Number(offset), metadata ?? ""] as const);
}

/** All deliveries until none has come for a while. */
async function remaining(source: Source): Promise<readonly Delivery[]> {
  const all: Delivery[] = [];
  for (;;) {
    const more = await source.receive(1_000, live);
    if (more.length === 0) return all;
    all.push(...more);
  }
}

describe("a source", () => {
  test("commits its acks when it closes, and the next source goes on from there", async () => {
    const link = await open({ partitions: 1 });
    const entity = await declared(link, queue(unique("queue")));
    await accepted(link, queue(entity.name), numbered(6));
    const first = await reading(link, entity);
    const held = await take(first, 6);
    const [a, b, , d] = held;
    if (a === undefined || b === undefined || d === undefined) throw new Error("there must be six");
    await settle(first, ack(d), ack(b), ack(a));
    await first.close(live);
    expect((await offsets(entity.name, entity.name))[0]).toEqual([2, ""]);
    const second = await reading(link, entity);
    expect((await take(second, 4)).map(({ id }) => id)).toEqual(["m2", "m3", "m4", "m5"]);
  });

  test("notes its program as the owner, and a crash leaves the note for the next source", async () => {
    const link = await open({ partitions: 1 });
    const entity = await declared(link, queue(unique("queue")));
    await accepted(link, queue(entity.name), numbered(2));
    for (const crashes of [0, 1, 2]) {
      const crashing = await open();
      const source = await crashing.open(entity, { window: 10 }, () => {}, live);
      expect((await take(source, 2)).map(({ deliveries }) => deliveries)).toEqual([crashes, crashes]);
      const [offset, note] = (await offsets(entity.name, entity.name))[0] ?? [];
      expect(offset).toBe(0);
      expect(note).toMatch(crashes === 0 ? /^anybroker:[0-9a-f]{12}:::$/ : /^anybroker:[0-9a-f]{12}:2-\d::$/);
      const crash = AbortSignal.abort(new Error("crash"));
      await source.close(crash);
      await crashing.close(crash);
    }
  }, 90_000);

  test("notes what is held before a suspect starts, also while its group rebalances", async () => {
    const [one, two, three] = await Promise.all([
      open({ partitions: 1 }, { lease: 3_000 }),
      open({}, { lease: 3_000 }),
      open({}, { lease: 3_000 }),
    ]);
    const entity = await declared(one, queue(unique("queue")));
    await accepted(one, queue(entity.name), numbered(1));
    const source = await reading(one, entity);
    const held = await take(source, 1);
    const note = async (): Promise<string | undefined> => (await offsets(entity.name, entity.name))[0]?.[1];
    const crashing = await reading(two, entity);
    const crash = AbortSignal.abort(new Error("crash"));
    await crashing.close(crash);
    await two.close(crash);
    await expect.poll(note).toMatch(/^anybroker:[0-9a-f]{12}:::$/);
    // The group waits for the member that crashed until its lease is over.
    const joining = reading(three, entity);
    await expect.poll(note).toBe("");
    await source.flush?.(held, live);
    expect(await note()).toMatch(/^anybroker:[0-9a-f]{12}::::0$/);
    await joining;
  });

  test("that joins gets partitions, and the source that had them loses their deliveries", async () => {
    const [one, two] = await Promise.all([open({ partitions: 4 }), open()]);
    const entity = await declared(one, queue(unique("queue")));
    await accepted(one, queue(entity.name), numbered(8));
    const lost: Delivery[] = [];
    const first = await reading(one, entity, { lost: (deliveries) => lost.push(...deliveries) });
    const held = await take(first, 8);
    const second = await reading(two, entity);
    const got = await take(second, 4);
    await expect.poll(() => ids(lost)).toEqual(ids(got));
    const results = await settle(first, ...held.map(ack));
    expect(results.filter((result) => result?.lost === true)).toHaveLength(4);
    expect(results.filter((result) => result === undefined)).toHaveLength(4);
    await settle(second, ...got.map(ack));
    expect(await remaining(second)).toEqual([]);
    await Promise.all([first.close(live), second.close(live)]);
    expect((await offsets(entity.name, entity.name)).map(([offset]) => offset)).toEqual([2, 2, 2, 2]);
  });

  test("that joins gets partitions from which no delivery is held, as long as there are any", async () => {
    const [one, two] = await Promise.all([open({ partitions: 3 }), open()]);
    const entity = await declared(one, queue(unique("queue")));
    await accepted(one, queue(entity.name), numbered(3));
    const first = await reading(one, entity, { lost: () => expect.unreachable("a held delivery stays") });
    const held = await take(first, 3);
    // The cast is true: it is what this driver delivers.
    const [last] = held.filter(({ native }) => (native as KafkaRecord).partition === 2);
    if (last === undefined) throw new Error("each partition must have one");
    await settle(first, ...held.filter((delivery) => delivery !== last).map(ack));
    const second = await reading(two, entity);
    await accepted(one, queue(entity.name), numbered(3));
    await take(second, 1);
    expect(await settle(first, ack(last))).toEqual([undefined]);
  });

  test("does not get a message twice that it keeps in a rebalance", async () => {
    const [one, two] = await Promise.all([open({ partitions: 2 }), open()]);
    const entity = await declared(one, queue(unique("queue")));
    await accepted(one, queue(entity.name), numbered(10));
    const lost: Delivery[] = [];
    const first = await reading(one, entity, { lost: (deliveries) => lost.push(...deliveries) });
    await take(first, 10);
    const second = await reading(two, entity);
    await expect.poll(() => lost.length).toBe(5);
    await second.close(live);
    expect(ids(await take(first, 5))).toEqual(ids(lost));
    expect(await remaining(first)).toEqual([]);
  });

  test("keeps its membership for much longer than the lease, while a handler runs", async () => {
    const link = await open({}, { lease: 1_500 });
    const entity = await declared(link, queue(unique("queue")));
    await accepted(link, queue(entity.name), [message("slow")]);
    const lost: Delivery[] = [];
    const source = await reading(link, entity, { lost: (deliveries) => lost.push(...deliveries) });
    const [slow] = await take(source, 1);
    const end = clock.now() + 5_000;
    while (clock.now() < end) expect(await source.receive(1, live)).toEqual([]);
    expect(lost).toEqual([]);
    if (slow !== undefined) expect(await settle(source, ack(slow))).toEqual([undefined]);
  });

  test("retries by a copy in the group's own retry topic, and the original is settled", async () => {
    const link = await open();
    const parent = topic(unique("topic"));
    const entity = await declared(link, subscription(parent, "s"));
    const source = await reading(link, entity);
    await accepted(link, parent, [message("m", { key: "k", headers: { a: "1" } })]);
    const [delivery] = await take(source, 1);
    if (delivery === undefined) throw new Error("there must be one");
    const since = clock.now();
    await settle(source, { action: "retry", delivery, delay: 250, headers: { "anybroker-attempt": "1" } });
    const [again] = await take(source, 1);
    expect(clock.now() - since).toBeGreaterThanOrEqual(249);
    expect(again?.position).toBe(`${parent.name}.sub.s.retry.250/0/0`);
    expect([again?.id, again?.key, again?.headers.a, again?.headers["anybroker-attempt"]]).toEqual([
      "m",
      "k",
      "1",
      "1",
    ]);
    await source.close(live);
    const committed = await offsets(`${parent.name}.sub.s`, parent.name);
    expect(committed.reduce((sum, [offset]) => sum + offset, 0)).toBe(1);
  });

  test("refuses a rejection: Kafka has no dead letters of its own", async () => {
    const link = await open();
    const entity = await declared(link, queue(unique("queue")));
    await accepted(link, queue(entity.name), [message("m")]);
    const source = await reading(link, entity);
    const [delivery] = await take(source, 1);
    if (delivery === undefined) throw new Error("there must be one");
    expect(await settle(source, { action: "reject", delivery })).toMatchObject([{ lost: false }]);
  });

  test("without retry topics has no return queue, and reads its other topics", async () => {
    const name = unique("bare");
    const { admin } = await plain();
    await admin.createTopics({ topics: [{ topic: name }], waitForLeaders: false });
    await expect.poll(() => admin.listTopics()).toContain(name);
    const link = await open({}, { topology: "none" });
    await accepted(link, queue(name), [message("m")]);
    const source = await reading(link, queue(name));
    expect(source.returns).toBe(false);
    expect(ids(await take(source, 1))).toEqual(["m"]);
  });
});
