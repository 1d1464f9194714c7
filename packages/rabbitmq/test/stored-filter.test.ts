import type { Filter, SubscriptionEntity } from "@anybroker/core/driver";
import { live, message, sent, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { classify } from "../src/errors.ts";
import { open, unique } from "./harness.ts";

/** Longer than what the server tells of it. */
const LONG: Filter = { country: Array.from({ length: 30 }, (_, index) => `country ${index}`) };

test("a changed filter replaces the bindings of the old one, and keeps those that both have", async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  const having = (...tier: readonly string[]): SubscriptionEntity => subscription(parent, "s", { filter: { tier } });
  const ready = async (): Promise<number | undefined> => (await link.stats(having("gold"), live)).ready;
  const publish = async (...tiers: readonly string[]): Promise<void> => {
    const batch = tiers.map((tier) => message(tier, { headers: { tier } }));
    await sent(link, parent, batch);
  };
  expect(await link.declare([parent, having("gold", "silver")], "create", live)).toEqual([]);
  await publish("gold", "silver", "bronze");
  await expect.poll(ready).toBe(2);
  expect(await link.declare([parent, having("silver", "bronze")], "apply", live)).toEqual([]);
  await publish("gold", "silver", "bronze");
  await expect.poll(ready).toBe(4);
  expect(await link.declare([parent, having("bronze", "silver")], "create", live)).toEqual([]);
  const everything = subscription(parent, "s");
  expect(await link.declare([parent, everything], "apply", live)).toEqual([]);
  await publish("gold", "silver", "bronze");
  await expect.poll(ready).toBe(7);
});

test("a filter too long for the server's text is compared, but cannot be changed, and nothing is lost by the attempt", async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  const entity = subscription(parent, "s", { filter: LONG });
  const other = subscription(parent, "s", { filter: { country: ["uk"] } });
  expect(await link.declare([parent, entity], "create", live)).toEqual([]);
  expect(await link.declare([parent, entity], "verify", live)).toEqual([]);
  expect(await link.declare([parent, other], "create", live)).toMatchObject([{ property: "filter" }]);
  const error: unknown = await link.declare([parent, other], "apply", live).catch((reason: unknown) => reason);
  expect(classify(error)).toMatchObject({ code: "REJECTED", retryable: false });
  expect(String(error)).toContain("delete the subscription");
  await sent(link, parent, [message("kept", { headers: { country: "country 7" } })]);
  await expect.poll(async () => (await link.stats(entity, live)).ready).toBe(1);
});
