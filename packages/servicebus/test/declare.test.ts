import { inspect } from "node:util";
import type { Entity } from "@anybroker/core/driver";
import type { ServiceBusEmulator } from "@anybroker/servicebus-emulator";
import { live, queue, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { classify } from "../src/errors.ts";
import { emulatorForTest, open } from "./harness.ts";

const NEWS = topic("news");
const MAIL = subscription(NEWS, "mail");
const filtered = (filter: Record<string, string[]>) => subscription(NEWS, "mail", { filter });

const paths = (emulator: ServiceBusEmulator): readonly string[] =>
  [...emulator.namespace.entities()].map(({ path }) => path).toSorted();

test("a subscription forwards to a queue of its own, and declaring it again changes nothing", async () => {
  const emulator = await emulatorForTest();
  const link = await open(emulator);
  for (let round = 0; round < 2; round += 1) {
    expect(await link.declare([queue("orders"), NEWS, MAIL], "create", live)).toEqual([]);
    expect(paths(emulator)).toEqual(["news", "news.sub.mail", "news/Subscriptions/mail", "orders"]);
  }
  expect(await link.native.admin?.getQueue("orders")).toMatchObject({ lockDuration: "PT30S", requiresSession: false });
  const { forwardTo } = (await link.native.admin?.getSubscription("news", "mail")) ?? {};
  expect(forwardTo).toMatch(/\/news\.sub\.mail$/);
  expect(await link.declare([queue("orders"), NEWS, MAIL], "verify", live)).toEqual([]);
});

test("a lock that is longer than the lease is drift, and a shorter one is none", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders", { lockDuration: 20_000 });
  const orders = queue("orders");
  const lasting = await open(emulator, {}, { lease: 30_000 });
  const hasty = await open(emulator, {}, { lease: 10_000 });
  expect(await lasting.declare([orders], "verify", live)).toEqual([]);
  const drift = { entity: orders, property: "lock duration", expected: "at most 10000 ms", found: "PT20S" };
  expect(await hasty.declare([orders], "create", live)).toEqual([drift]);
});

test("sessions that are missing, or not asked for, are drift of `ordered`", async () => {
  const emulator = await emulatorForTest();
  const link = await open(emulator);
  await link.declare([queue("plain"), queue("keyed", true)], "create", live);
  const asked = [queue("plain", true), queue("keyed")];
  expect(await link.declare(asked, "verify", live)).toMatchObject([
    { property: "ordered", expected: "true", found: "false" },
    { property: "ordered", expected: "false", found: "true" },
  ]);
});

test.each<[string, Entity[]]>([
  ["queue", [queue("orders")]],
  ["topic", [NEWS]],
  ["subscription", [MAIL]],
])("a missing %s is NOT_FOUND when it is verified, and is not created", async (_, entities) => {
  const emulator = await emulatorForTest();
  const link = await open(emulator);
  const error: unknown = await link.declare(entities, "verify", live).catch((thrown: unknown) => thrown);
  expect(classify(error).code).toBe("NOT_FOUND");
  expect(paths(emulator)).toEqual([]);
});

test("a filter is one rule, which is made with the subscription and replaced by `apply` alone", async () => {
  const emulator = await emulatorForTest();
  const link = await open(emulator);
  const rules = async (): Promise<unknown[]> => {
    const found: unknown[] = [];
    const listed = link.native.admin?.listRules("news", "mail") ?? [];
    for await (const { name, filter } of listed) found.push([name, filter]);
    return found;
  };
  await link.declare([NEWS, filtered({ kind: ["a"], from: ["b c"] })], "create", live);
  const properties = { kind: "a", from: "b c" };
  expect(await rules()).toEqual([["$Default", expect.objectContaining({ applicationProperties: properties })]]);
  const other = filtered({ kind: ["a", "it's"], size: ["7"] });
  expect(await link.declare([NEWS, other], "create", live)).toMatchObject([{ property: "filter" }]);
  expect(await link.declare([NEWS, other], "apply", live)).toEqual([]);
  // A number is compared by its text, which the service cannot do.
  const sqlExpression = "user.[kind] IN ('a', 'it''s') AND EXISTS(user.[size])";
  expect(await rules()).toEqual([["$Default", expect.objectContaining({ sqlExpression })]]);
  expect(await link.declare([NEWS, other], "verify", live)).toEqual([]);
});

test("a filter that cannot be stored is REJECTED, with its length", async () => {
  const link = await open(await emulatorForTest());
  const long = filtered({ kind: Array.from({ length: 200 }, (_, index) => `value-${index}`) });
  await link.declare([NEWS], "create", live);
  await expect(link.declare([long], "create", live)).rejects.toMatchObject({
    code: "REJECTED",
    message: expect.stringMatching(/the filter has \d+ characters; at most \d+/),
  });
});

test("an account without Manage uses what exists, and is told what it may not create or delete", async () => {
  const keys = [
    { name: "all", key: "1" },
    { name: "user", key: "2", claims: ["Send", "Listen"] },
  ] as const;
  const emulator = await emulatorForTest({ keys });
  const url = emulator.connectionString.replace("all", "user").replace("=1;", "=2;");
  const link = await open(emulator, { url });
  await (await open(emulator)).declare([queue("orders"), NEWS, MAIL], "create", live);
  for (const mode of ["create", "verify"] as const) {
    expect(await link.declare([queue("orders"), NEWS, MAIL], mode, live)).toEqual([]);
  }
  await expect(link.declare([queue("mails")], "create", live)).rejects.toMatchObject({
    code: "FORBIDDEN",
    message: expect.stringMatching(/queue mails does not exist.*Manage/),
  });
  await expect(link.remove?.([queue("orders")], live)).rejects.toMatchObject({
    code: "FORBIDDEN",
    message: expect.stringMatching(/queue orders.*Manage/),
  });
  const error: unknown = await link.stats(queue("orders"), live).catch((thrown: unknown) => thrown);
  expect(classify(error).code).toBe("FORBIDDEN");
  // The request of the SDK has the signature of the key.
  expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/sig=/i);
  expect(JSON.stringify(error instanceof Error ? error.cause : error)).not.toMatch(/sig=/i);
});

test("a topic is removed with its subscriptions and their queues, and a mapped name is that of the service", async () => {
  const emulator = await emulatorForTest();
  const naming = { queues: { orders: "o" }, topics: { news: "n" }, subscriptions: { "news/mail": "m" } };
  const link = await open(emulator, { naming });
  await link.declare([queue("orders"), NEWS, MAIL], "create", live);
  expect(paths(emulator)).toEqual(["n", "n.sub.m", "n/Subscriptions/m", "o"]);
  await link.remove?.([NEWS, queue("orders"), queue("gone"), topic("gone"), subscription(topic("gone"), "s")], live);
  expect(paths(emulator)).toEqual([]);
});
