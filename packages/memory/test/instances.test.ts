import { BrokerError, type Entity } from "@anybroker/core/driver";
import { ids, live, queue, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { classify } from "../src/errors.ts";
import { adapter, type MemoryOptions, manualClock, memory } from "../src/index.ts";
import { bench, LEASE, message } from "./harness.ts";

const jobs = queue("jobs");
const code = async (wrong: Promise<unknown>) => {
  const error: unknown = await wrong.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return classify(error).code;
};

test("instances of one name are one, those without a name are apart", async () => {
  await using one = await bench({ name: "shared" });
  await one.declare(jobs);
  await one.send(jobs, message("a"));
  const second = await memory({ name: "shared" }).connect({ clock: one.clock, lease: LEASE, topology: "none" }, live);
  expect(await second.stats(jobs, live)).toMatchObject({ ready: 1 });
  await second.close(live);
  await using alone = await bench();
  expect(alone.link.native.entities()).toEqual([]);
  one.link.native.delete("queue", "jobs");
});

test("a named instance is forgotten when no link is open and nothing is in it", async () => {
  const first = await bench({ name: "forgotten", maxMessages: 5 });
  await first.declare(jobs);
  await first.link.close(live);
  expect(await code(bench({ name: "forgotten", maxMessages: 6 }))).toBe("INVALID_CONFIG");
  expect(first.link.native.delete("queue", "jobs")).toBe(true);
  expect(first.link.native.delete("queue", "jobs")).toBe(false);
  await using second = await bench({ name: "forgotten", maxMessages: 6 });
  expect((await second.link.health(live)).details.maxMessages).toBe(6);
});

test("an instance has one clock", async () => {
  await using it = await bench({ name: "one-clock" });
  expect(await code(it.connect({ clock: manualClock() }))).toBe("INVALID_CONFIG");
});

test("disconnect ends every link and source with a reason, and clients can come back to what was there", async () => {
  await using it = await bench();
  await it.declare(jobs);
  await it.send(jobs, message("a"));
  const source = await it.open(jobs);
  await source.receive(1, live);
  const idle = source.receive(1, live);
  it.link.native.disconnect();
  expect(await idle).toEqual([]);
  expect(classify(await it.link.lost)).toEqual({ code: "UNAVAILABLE", retryable: true });
  expect(await source.lost).toBe(await it.link.lost);
  const [failure] = await it.send(jobs, message("b"));
  expect(failure).toMatchObject({ outcomeUnknown: false });
  expect(await code(it.link.stats(jobs, live))).toBe("UNAVAILABLE");
  const link = await it.connect();
  const next = await link.open(jobs, { window: 1 }, () => {}, live);
  expect(await next.receive(1, live)).toMatchObject([{ id: "a", deliveries: 1 }]);
});

test("a hook makes operations fail: refused, or done without the caller knowing", async () => {
  await using it = await bench();
  await it.declare(jobs);
  const { native } = it.link;
  native.interfere(({ kind, ...rest }) => {
    if (kind === "connect") return "refuse";
    return "id" in rest && rest.id.startsWith("un") ? "unconfirmed" : "refuse";
  });
  expect(await code(it.connect())).toBe("UNAVAILABLE");
  expect(await it.send(jobs, message("refused"), message("unconfirmed"))).toMatchObject([
    { outcomeUnknown: false },
    { outcomeUnknown: true },
  ]);
  const source = await it.open(jobs);
  const [delivery] = await source.receive(5, live);
  if (delivery === undefined) throw new Error("nothing was delivered");
  expect(delivery.id).toBe("unconfirmed");
  expect(await source.settle([{ action: "ack", delivery }], live)).toMatchObject([{ lost: true }]);
  expect(native.messages).toBe(0);
  native.interfere(undefined);
  await it.send(jobs, message("x"));
  const [x] = await source.receive(5, live);
  if (x === undefined) throw new Error("nothing was delivered");
  native.interfere(() => "refuse");
  expect(await source.settle([{ action: "ack", delivery: x }], live)).toMatchObject([{ lost: false }]);
  native.interfere(undefined);
  expect(await source.settle([{ action: "ack", delivery: x }], live)).toEqual([undefined]);
});

test("deleting a queue ends its sources and loses what they hold", async () => {
  await using it = await bench();
  await it.declare(jobs);
  await it.send(jobs, message("a"), message("b", { deliverAt: it.clock.now() + 10 }));
  const gone: (string | undefined)[] = [];
  const source = await it.open(jobs, (deliveries) => gone.push(...ids(deliveries)));
  await source.receive(1, live);
  it.link.native.delete("queue", "jobs");
  expect(gone).toEqual(["a"]);
  expect(classify(await source.lost).code).toBe("NOT_FOUND");
  await it.clock.advance(100_000);
  expect(it.link.native).toMatchObject({ messages: 0, bytes: 0 });
});

test("what is missing is NOT_FOUND, and what differs is reported and used as it is", async () => {
  await using it = await bench();
  const news = topic("news");
  const reader = subscription(news, "reader");
  const declare = (mode: "create" | "verify", ...entities: readonly Entity[]) => it.link.declare(entities, mode, live);
  for (const entity of [jobs, news]) {
    expect(await code(declare("verify", entity))).toBe("NOT_FOUND");
    const [failure] = await it.send(entity, message("a"));
    expect(classify(failure?.error)).toEqual({ code: "NOT_FOUND", retryable: false });
  }
  await declare("create", jobs, news);
  for (const wrong of [declare("verify", reader), it.open(reader), it.link.deadLetters(reader).count(live)]) {
    expect(await code(wrong)).toBe("NOT_FOUND");
  }
  expect(await declare("create", reader)).toEqual([]);
  expect(await declare("create", jobs, news, reader)).toEqual([]);
  const changed = [
    queue("jobs", true),
    topic("news", 5),
    subscription(news, "reader", { filter: { b: ["2", "1"], a: ["1"] }, ordered: true }),
  ];
  for (const mode of ["create", "verify"] as const) {
    expect(await declare(mode, ...changed)).toMatchObject([
      { property: "ordered", expected: "true", found: "false" },
      { property: "retention", expected: "5", found: "0" },
      { property: "ordered", expected: "true", found: "false" },
      { property: "filter", expected: '[["a",["1"]],["b",["1","2"]]]', found: "none" },
    ]);
  }
});

test("names can be mapped", async () => {
  await using it = await bench({ naming: { queues: { jobs: "old-jobs" }, subscriptions: { "news/reader": "inbox" } } });
  const news = topic("news");
  await it.declare(jobs, news, subscription(news, "reader"), subscription(news, "other"));
  expect(it.link.native.entities().map(({ name }) => name)).toEqual(["old-jobs", "news", "inbox", "news.sub.other"]);
  expect(it.link.native.delete("subscription", "inbox")).toBe(true);
});

test("a URL names the instance and its bounds; anything wrong is INVALID_CONFIG", () => {
  expect(adapter.driver({ url: "memory:orders?maxMessages=5" }).address).toBe("memory:orders");
  expect(adapter.driver({ url: "memory:" }).address).toBe("memory:");
  const wrong = [
    { url: "memory:a?speed=1" },
    { url: "memory:a?maxBytes=0" },
    { url: "memory:a:80" },
    { url: "memory:a,b" },
    { url: "memory:a/b" },
    { url: "memory:u:p@a" },
    { url: "memory:a", name: "b" },
    { url: "memory:a", maxMessages: "many" },
    { url: "memory:a", colour: "red" },
  ];
  for (const config of wrong) {
    expect(() => adapter.driver(config), JSON.stringify(config)).toThrow(BrokerError);
    expect(() => adapter.driver(config)).toThrow(expect.objectContaining({ code: "INVALID_CONFIG" }));
  }
  // As a program in JavaScript might call it.
  expect(() => memory({ colour: "red" } as MemoryOptions)).toThrow("unknown option colour");
});
