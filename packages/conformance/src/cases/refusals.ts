import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import type { Broker } from "@anybroker/core";
import type { Case } from "../case.ts";
import type { CaseContext } from "../context.ts";
import type { CapabilityChanges } from "../layers/capabilities.ts";
import { Faults } from "../layers/faults.ts";

const unsupported = { name: "BrokerError", code: "UNSUPPORTED", retryable: false };

/** A broker object with a limited driver, and the calls that reach that driver. */
async function limitedBroker(
  context: CaseContext,
  capabilities: CapabilityChanges,
): Promise<{ readonly broker: Broker; readonly faults: Faults }> {
  const faults = new Faults();
  return { broker: await context.connect({ faults, capabilities }), faults };
}

/** A case with a missing capability: a request that needs it is UNSUPPORTED, and no call reaches the driver. */
function refusal(
  id: string,
  what: string,
  rows: readonly number[],
  capabilities: CapabilityChanges,
  request: (broker: Broker, context: CaseContext) => Promise<void>,
): Case {
  return {
    id: `without-${id}`,
    name: `Where the backend does not offer ${what}, a request fails with UNSUPPORTED before any I/O`,
    section: "F",
    rows: [117, ...rows],
    async run(context) {
      const { broker, faults } = await limitedBroker(context, capabilities);
      await request(broker, context);
      deepEqual(faults.calls, []);
    },
  };
}

export const REFUSALS: readonly Case[] = [
  refusal("delayed-send", "delayed sends", [54], { "delay.send": "none" }, async (broker, context) => {
    const queue = broker.queue(context.name());
    await rejects(queue.send("body", { delay: 5 }), unsupported);
    await rejects(queue.send("body", { deliverAt: new Date(Date.now() + 5_000) }), unsupported);
    const batch = queue.sendBatch([{ body: "body", delay: 5 }]);
    equal(
      await batch.then(
        ([result]) => result?.error?.code,
        (error: { code?: unknown }) => error.code,
      ),
      "UNSUPPORTED",
    );
  }),
  refusal("delayed-publish", "delayed publishes", [54], { "delay.publish": "none" }, async (broker, context) => {
    const topic = broker.topic(context.name());
    await rejects(topic.publish("body", { delay: 5 }), unsupported);
    await rejects(topic.publish("body", { deliverAt: new Date(Date.now() + 5_000) }), unsupported);
  }),
  refusal("ttl", "expiry", [60], { ttl: "none" }, async (broker, context) => {
    await rejects(broker.queue(context.name()).send("body", { ttl: 5 }), unsupported);
    await rejects(broker.topic(context.name()).publish("body", { ttl: 5 }), unsupported);
  }),
  refusal("priority", "priority", [62], { priority: "none" }, async (broker, context) => {
    await rejects(broker.queue(context.name()).send("body", { priority: 5 }), unsupported);
    await rejects(broker.topic(context.name()).publish("body", { priority: 5 }), unsupported);
  }),
  refusal("filter", "filters", [84], { filter: "none" }, async (broker, context) => {
    throws(() => broker.topic(context.name()).subscription("s", { filter: { a: "1" } }), unsupported);
    await rejects(
      broker.topic(context.name()).subscribe("s", () => {}, { filter: { a: "1" } }),
      unsupported,
    );
  }),
  refusal("from", "subscriptions that begin in the past", [83], { from: "none" }, async (broker, context) => {
    throws(() => broker.topic(context.name(), { retention: 1_000 }), unsupported);
    throws(() => broker.topic(context.name()).subscription("s", { from: "earliest" }), unsupported);
    throws(() => broker.topic(context.name()).subscription("s", { from: new Date() }), unsupported);
    broker.topic(context.name()).subscription("s", { from: "latest" });
  }),
  refusal("ephemeral", "subscriptions that are not durable", [82], { ephemeral: "none" }, async (broker, context) => {
    throws(() => broker.topic(context.name()).subscription("s", { durable: false }), unsupported);
    broker.topic(context.name()).subscription("s", { durable: true });
  }),
  refusal("ordering", "order by key", [63], { ordering: "none" }, async (broker, context) => {
    throws(() => broker.queue(context.name(), { ordered: true }), unsupported);
    throws(() => broker.topic(context.name()).subscription("s", { ordered: true }), unsupported);
    await rejects(broker.declare({ queues: { [context.name()]: { ordered: true } } }), unsupported);
    broker.queue(context.name(), { ordered: false });
  }),
  refusal(
    "dead-letter-list",
    "a list of dead letters",
    [50],
    { "deadLetters.list": "none" },
    async (broker, context) => {
      const { deadLetters } = broker.queue(context.name());
      await rejects(async () => {
        for await (const letter of deadLetters.list()) ok(letter === undefined, "a dead letter was listed");
      }, unsupported);
    },
  ),
  refusal(
    "dead-letter-count",
    "a count of dead letters",
    [50],
    { "deadLetters.count": "none" },
    async (broker, context) => {
      await rejects(broker.queue(context.name()).deadLetters.count(), unsupported);
    },
  ),
  refusal(
    "dead-letter-select",
    "a selection of dead letters",
    [50],
    { "deadLetters.select": "none" },
    async (broker, context) => {
      const { deadLetters } = broker.queue(context.name());
      await rejects(deadLetters.replay({ ids: ["1"] }), unsupported);
      await rejects(deadLetters.remove({ ids: ["1"] }), unsupported);
    },
  ),
  refusal("stats", "message counts", [13], { stats: "none" }, async (broker, context) => {
    await rejects(broker.queue(context.name()).stats(), unsupported);
    await rejects(broker.topic(context.name()).subscription("s").stats(), unsupported);
  }),
  refusal("delete", "deleting", [133], { delete: "none" }, async (broker, context) => {
    await rejects(broker.delete({ queues: [context.name()] }), unsupported);
    await rejects(broker.delete({ topics: { [context.name()]: { subscriptions: ["s"] } } }), unsupported);
  }),
  refusal("purge", "purging", [134], { purge: "none" }, async (broker, context) => {
    await rejects(broker.purge({ queues: [context.name()] }), unsupported);
    await rejects(broker.purge({ topics: { [context.name()]: { subscriptions: ["s"] } } }), unsupported);
  }),
  refusal(
    "server-support",
    "a feature on this server",
    [117],
    { priority: "maybe", "delay.send": "maybe" },
    async (broker, context) => {
      equal(broker.capabilities.priority, "none");
      await rejects(broker.queue(context.name()).send("body", { priority: 5 }), unsupported);
      await rejects(broker.queue(context.name()).send("body", { delay: 5 }), unsupported);
    },
  ),
  {
    id: "without-retry-delay",
    name: "Where the backend cannot delay a retry, the consumer waits itself, and no message is retried too soon",
    section: "F",
    rows: [42, 117],
    async run(context) {
      const { queue } = await context.queue({ capabilities: { retryDelay: "none" } });
      const received = await context.collect(queue, {
        retry: { attempts: 9, backoff: { initial: 80, factor: 1, jitter: 0 } },
        handle: ({ attempt }) => {
          if (attempt < 3) throw new Error("again");
        },
      });
      await queue.send("body");
      await received.waitForCount(3);
      const waits = received.handled.slice(1).map(({ at }, index) => at - (received.handled[index]?.at ?? 0));
      ok(Math.min(...waits) >= 79, `waits of ${waits.join(", ")} ms`);
    },
  },
  {
    id: "default-is-no-request",
    name: "Defaults need no capability: a minimal backend sends, handles, retries and dead-letters",
    section: "F",
    rows: [117],
    async run(context) {
      const bare: CapabilityChanges = {
        "delay.send": "none",
        "delay.publish": "none",
        ttl: "none",
        priority: "none",
        filter: "none",
        from: "none",
        ephemeral: "none",
        stats: "none",
        ordering: "none",
        "deadLetters.count": "none",
        "deadLetters.select": "none",
        delete: "none",
        purge: "none",
      };
      const { queue } = await context.queue({ capabilities: bare });
      const received = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: ({ body }) => {
          if (body === "poison") throw new Error("no");
        },
      });
      await queue.send("poison");
      await context.until("the poison message to be dead-lettered", () => received.consumer.stats().deadLettered === 1);
      await queue.send("good", { key: "a key is a hint" });
      await received.waitForBody("good");
    },
  },
];
