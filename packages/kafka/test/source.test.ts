import type { Delivery } from "@anybroker/core/driver";
import {
  clock,
  declared,
  live,
  message,
  queue,
  reading,
  sent,
  settle,
  subscription,
  take,
  topic,
} from "@anybroker-internal/testkit/link";
import { describe, expect, test } from "vitest";
import { CODES, codeOf, type KafkaRecord } from "../src/client.ts";
import { open, plain, stepsOf, unique } from "./harness.ts";

const ack = (delivery: Delivery) => ({ action: "ack", delivery }) as const;
const ids = (deliveries: readonly Delivery[]) => deliveries.map(({ id = "" }) => id).sort((a, b) => (a < b ? -1 : 1));
const numbered = (count: number) => Array.from({ length: count }, (_, index) => message(`m${index}`));

/** Sends, again where a fresh server is not ready for it. */
async function accepted(...[link, to, batch]: Parameters<typeof sent>): Promise<void> {
  await expect.poll(() => sent(link, to, batch), { timeout: 20_000 }).toEqual(batch.map(() => "accepted"));
}

/** The offsets of a group in a topic, by partition. */
async function offsets(group: string, name: string): Promise<readonly (readonly [number, string])[]> {
  const { admin } = await plain();
  const [found] = await admin.fetchOffsets({ groupId: group, topics: [name] });
  const partitions = (found?.partitions ?? []).toSorted((one, other) => one.partition - other.partition);
  return partitions.map(({ offset, metadata }) => [Number(offset), metadata ?? ""] as const);
}

/** Reads until nothing has come for a while. */
async function rest(source: { receive: (max: number, signal: AbortSignal) => unknown }): Promise<readonly Delivery[]> {
  const all: Delivery[] = [];
  for (;;) {
    const more = (await source.receive(1_000, live)) as readonly Delivery[];
    if (more.length === 0) return all;
    all.push(...more);
  }
}

describe("a source", () => {
  test("commits what is acked when it closes, and the next one goes on from there", async () => {
    const link = await open({ partitions: 1 });
    const entity = await declared(link, queue(unique("queue")));
    await accepted(link, queue(entity.name), numbered(6));
    const first = await reading(link, entity);
    const held = await take(first, 6);
    const [a, b, , d] = held;
    if (a === undefined || b === undefined || d === undefined) throw new Error("six are there");
    await settle(first, ack(d), ack(b), ack(a));
    await first.close(live);
    expect((await offsets(entity.name, entity.name))[0]).toEqual([2, ""]);
    const second = await reading(link, entity);
    expect((await take(second, 4)).map(({ id }) => id)).toEqual(["m2", "m3", "m4", "m5"]);
  });

  test("notes with the offset that it has begun, and a crash leaves that for the next one", async () => {
    const link = await open({ partitions: 1 });
    const entity = await declared(link, queue(unique("queue")));
    await accepted(link, queue(entity.name), numbered(2));
    for (const crashes of [0, 1]) {
      const crashing = await open();
      const source = await crashing.open(entity, { window: 10 }, () => {}, live);
      expect((await take(source, 2)).map(({ deliveries }) => deliveries)).toEqual([crashes, crashes]);
      expect((await offsets(entity.name, entity.name))[0]).toEqual([
        0,
        `anybroker:starts=${crashes + 1},${crashes + 1},256`,
      ]);
      await crashing.close(AbortSignal.abort(new Error("crash")));
      // Its process is gone: the server is told by somebody else.
      const { admin } = await plain();
      const { groups } = await admin.describeGroups([entity.name]);
      await expect
        .poll(async () => (await admin.describeGroups([entity.name])).groups[0]?.members.length)
        .toBe(groups[0]?.members.length);
      const again = await crashing.open(entity, { window: 10 }, () => {}, live).catch(() => undefined);
      await again?.close(live);
    }
  }, 90_000);

  test("one that joins gets a share, and what it takes is lost to the one that had it", async () => {
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
    expect(await rest(second)).toEqual([]);
    await Promise.all([first.close(live), second.close(live)]);
    expect((await offsets(entity.name, entity.name)).map(([offset]) => offset)).toEqual([2, 2, 2, 2]);
  });

  test("one that joins gets partitions of which nothing is in anybody's hands, as long as there are any", async () => {
    const [one, two] = await Promise.all([open({ partitions: 3 }), open()]);
    const entity = await declared(one, queue(unique("queue")));
    await accepted(one, queue(entity.name), numbered(3));
    const first = await reading(one, entity, { lost: () => expect.unreachable("what is held stays") });
    const held = await take(first, 3);
    // The cast is true: it is what this driver hands out.
    const [last] = held.filter(({ native }) => (native as KafkaRecord).partition === 2);
    if (last === undefined) throw new Error("each partition has one");
    await settle(first, ...held.filter((delivery) => delivery !== last).map(ack));
    const second = await reading(two, entity);
    await accepted(one, queue(entity.name), numbered(3));
    await take(second, 1);
    expect(await settle(first, ack(last))).toEqual([undefined]);
  });

  test("what it keeps in a rebalance it does not get twice", async () => {
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
    expect(await rest(first)).toEqual([]);
  });

  test("keeps its membership for much longer than the lease, whatever the handler does", async () => {
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

  test("a retry is a copy in the group's own step, and the original is done", async () => {
    const link = await open();
    const parent = topic(unique("topic"));
    const entity = await declared(link, subscription(parent, "s"));
    const source = await reading(link, entity);
    await accepted(link, parent, [message("m", { key: "k", headers: { a: "1" } })]);
    const [delivery] = await take(source, 1);
    if (delivery === undefined) throw new Error("one is there");
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

  test("a rejection is refused: Kafka has no dead letters of its own", async () => {
    const link = await open();
    const entity = await declared(link, queue(unique("queue")));
    await accepted(link, queue(entity.name), [message("m")]);
    const source = await reading(link, entity);
    const [delivery] = await take(source, 1);
    if (delivery === undefined) throw new Error("one is there");
    expect(await settle(source, { action: "reject", delivery })).toMatchObject([{ lost: false }]);
  });

  test("without the steps of the ladder it says that it has no return queue, and reads the rest", async () => {
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

  test.for(["kafkajs", "platformatic"] as const)(
    "a topic that takes only small batches gets small ones, in their order, and only what is too large by itself is refused: %s",
    async (client) => {
      const name = unique("small");
      const { admin } = await plain();
      const configEntries = [{ name: "max.message.bytes", value: "5000" }];
      await admin.createTopics({ topics: [{ topic: name, numPartitions: 1, configEntries }], waitForLeaders: false });
      await expect.poll(() => admin.listTopics()).toContain(name);
      const link = await open({ client }, { topology: "none" });
      await accepted(link, queue(name), [message("first")]);
      const batch = numbered(40).map((one, index) => ({ ...one, body: Buffer.alloc(index === 7 ? 6_000 : 1_000) }));
      for (const round of [0, 1]) {
        const fates = await sent(link, queue(name), batch);
        const refused = fates.flatMap((fate, index) => (fate === "accepted" ? [] : [index]));
        expect([round, refused]).toEqual([round, [7]]);
        const { error, outcomeUnknown } = fates[7] === "accepted" ? {} : (fates[7] ?? {});
        expect([codeOf(error), outcomeUnknown]).toEqual([CODES.tooLarge, false]);
      }
      const source = await reading(link, queue(name), { window: 100 });
      const expected = batch.filter((_, index) => index !== 7).map(({ id }) => id);
      expect((await take(source, 79)).map(({ id }) => id)).toEqual(["first", ...expected, ...expected]);
    },
  );

  test("a topic that another program has made otherwise is reported", async () => {
    const name = unique("drift");
    const { admin } = await plain();
    const configEntries = [{ name: "cleanup.policy", value: "delete" }];
    await admin.createTopics({ topics: [{ topic: `${name}.dlq`, configEntries }], waitForLeaders: false });
    await expect.poll(() => admin.listTopics()).toContain(`${name}.dlq`);
    const link = await open();
    const drift = {
      property: `cleanup.policy of topic ${name}.dlq`,
      ...{ entity: queue(name), expected: "compact", found: "delete" },
    };
    expect(await link.declare([queue(name)], "create", live)).toEqual([drift]);
    expect(await link.declare([queue(name)], "verify", live)).toEqual([drift]);
  });

  test("creates each topic with constant settings, and as many partitions as asked for", async () => {
    const link = await open({ partitions: 5 });
    const { name } = await declared(link, queue(unique("queue")));
    const { admin } = await plain();
    const { topics } = await admin.fetchTopicMetadata({ topics: [name, ...stepsOf(name), `${name}.dlq`] });
    const counts = new Map(topics.map((one) => [one.name, one.partitions.length]));
    expect(counts.get(name)).toBe(5);
    expect([...counts.values()].filter((count) => count === 1)).toHaveLength(8);
  });
});
