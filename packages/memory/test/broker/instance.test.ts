import { ids, live, queue } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { classify } from "../../src/errors.ts";
import { manualClock, memory } from "../../src/index.ts";
import { codeOf, LEASE, message, testbed } from "../harness.ts";

const jobs = queue("jobs");

test("instances of one name are the same, and instances without a name are separate", async () => {
  await using one = await testbed({ name: "shared" });
  await one.declare(jobs);
  await one.send(jobs, message("a"));
  const second = await memory({ name: "shared" }).connect({ clock: one.clock, lease: LEASE, topology: "none" }, live);
  expect(await second.stats(jobs, live)).toMatchObject({ ready: 1 });
  await second.close(live);
  await using alone = await testbed();
  expect(alone.link.native.entities()).toEqual([]);
  one.link.native.delete("queue", "jobs");
});

test("a named instance is forgotten when no link is open and it is empty", async () => {
  const first = await testbed({ name: "forgotten", maxMessages: 5 });
  await first.declare(jobs);
  await first.link.close(live);
  expect(await codeOf(testbed({ name: "forgotten", maxMessages: 6 }))).toBe("INVALID_CONFIG");
  expect(first.link.native.delete("queue", "jobs")).toBe(true);
  expect(first.link.native.delete("queue", "jobs")).toBe(false);
  await using second = await testbed({ name: "forgotten", maxMessages: 6 });
  expect((await second.link.health(live)).details.maxMessages).toBe(6);
});

test("an instance has one clock", async () => {
  await using it = await testbed({ name: "one-clock" });
  expect(await codeOf(it.connect({ clock: manualClock() }))).toBe("INVALID_CONFIG");
});

test("disconnect ends every link and source with a reason, and clients find their messages when they come back", async () => {
  await using it = await testbed();
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
  expect(await codeOf(it.link.stats(jobs, live))).toBe("UNAVAILABLE");
  const link = await it.connect();
  const next = await link.open(jobs, { window: 1 }, () => {}, live);
  expect(await next.receive(1, live)).toMatchObject([{ id: "a", deliveries: 1 }]);
});

test("a hook makes operations fail: refused, or done without telling the caller", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  const { native } = it.link;
  native.interfere(({ kind, ...rest }) => {
    if (kind === "connect") return "refuse";
    return "id" in rest && rest.id.startsWith("un") ? "unconfirmed" : "refuse";
  });
  expect(await codeOf(it.connect())).toBe("UNAVAILABLE");
  expect(await it.send(jobs, message("refused"), message("unconfirmed"))).toMatchObject([
    { outcomeUnknown: false },
    { outcomeUnknown: true },
  ]);
  const source = await it.open(jobs);
  const [delivery] = await source.receive(5, live);
  if (delivery === undefined) throw new Error("no message was delivered");
  expect(delivery.id).toBe("unconfirmed");
  expect(await source.settle([{ action: "ack", delivery }], live)).toMatchObject([{ lost: true }]);
  expect(native.messages).toBe(0);
  native.interfere(undefined);
  await it.send(jobs, message("x"));
  const [x] = await source.receive(5, live);
  if (x === undefined) throw new Error("no message was delivered");
  native.interfere(() => "refuse");
  expect(await source.settle([{ action: "ack", delivery: x }], live)).toMatchObject([{ lost: false }]);
  native.interfere(undefined);
  expect(await source.settle([{ action: "ack", delivery: x }], live)).toEqual([undefined]);
});

test("deleting a queue ends its sources, and what they hold is lost", async () => {
  await using it = await testbed();
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
