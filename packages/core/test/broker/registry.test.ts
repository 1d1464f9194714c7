import { expect, test } from "vitest";
import { Registry } from "../../src/broker/registry.ts";
import type { SubscriptionEntity } from "../../src/contract/entities.ts";
import { queue, subscription, topic } from "../entities.ts";

test("handles that ask for different options are refused with each option that differs, and both its values", () => {
  const registry = new Registry();
  registry.add(queue("orders"));
  expect(() => registry.add({ ...queue("orders"), ordered: true })).toThrow(
    'queue "orders" is already in use here with other options: ordered was false and is true',
  );
  const audit: SubscriptionEntity = { ...subscription(topic("events"), "audit"), filter: { tier: ["gold"] } };
  registry.add(audit);
  expect(() => registry.add({ ...audit, filter: undefined, ordered: true })).toThrow(
    'with other options: ordered was false and is true, filter was {"tier":["gold"]} and is none',
  );
});
