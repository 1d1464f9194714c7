import { deepEqual, equal, rejects } from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import type { DriftEvent } from "@anybroker/core";
import type { Case } from "../case.ts";
import type { Received } from "../context.ts";
import { sleep } from "../wait.ts";

const HOUR = 3_600_000;

const has = ({ bodies }: Received<unknown>, body: string): boolean => bodies.includes(body);

/** Collects the properties of a topic's subscriptions that are reported as drift, until it is stopped. */
function collectDrifts(topic: string): { readonly stop: () => readonly string[] } {
  const properties = new Set<string>();
  const listen = (event: unknown): void => {
    // The cast is true of this channel.
    const { entity, property } = event as DriftEvent;
    if (entity.kind === "subscription" && entity.topic.name === topic) properties.add(property);
  };
  channel("anybroker:drift").subscribe(listen);
  return {
    stop() {
      channel("anybroker:drift").unsubscribe(listen);
      return [...properties];
    },
  };
}

export const FILTERS: readonly Case[] = [
  {
    id: "filter",
    name: "A subscription with a filter gets only messages with that header value; a list matches any of its values",
    section: "E",
    rows: [84],
    needs: ["filter"],
    async run(context) {
      const { topic } = await context.topic();
      const eu = await context.collect(topic.subscription("eu", { filter: { region: "eu" } }));
      const west = await context.collect(topic.subscription("west", { filter: { region: ["eu", "us"] } }));
      for (const region of ["asia", "eu", "us"]) await topic.publish(region, { headers: { region } });
      await topic.publish("none");
      await topic.publish("marker", { headers: { region: "eu" } });
      await Promise.all([eu.waitForBody("marker"), west.waitForBody("marker")]);
      deepEqual(eu.bodies, ["eu", "marker"]);
      deepEqual(new Set(west.bodies), new Set(["eu", "us", "marker"]));
    },
  },
  {
    id: "filter-needs-all",
    name: "A filter of several headers passes messages that match all of them",
    section: "E",
    rows: [84],
    needs: ["filter"],
    async run(context) {
      const { topic } = await context.topic();
      const received = await context.collect(
        topic.subscription("both", { filter: { region: "eu", kind: ["a", "b"] } }),
      );
      await topic.publish("wrong kind", { headers: { region: "eu", kind: "c" } });
      await topic.publish("wrong region", { headers: { region: "us", kind: "a" } });
      await topic.publish("no kind", { headers: { region: "eu" } });
      await topic.publish("right", { headers: { region: "eu", kind: "b", more: "is fine" } });
      await received.waitForBody("right");
      deepEqual(received.bodies, ["right"]);
    },
  },
  {
    id: "filter-and-retry",
    name: "A message that passed a filter is retried like any other",
    section: "E",
    rows: [84, 52],
    needs: ["filter"],
    async run(context) {
      const { topic } = await context.topic();
      const received = await context.collect(topic.subscription("eu", { filter: { region: "eu" } }), {
        handle: ({ attempt }) => {
          if (attempt < 3) throw new Error("again");
        },
      });
      await topic.publish("body", { headers: { region: "eu" } });
      await received.waitForCount(3);
      equal(received.handled[2]?.attempt, 3);
    },
  },
  {
    id: "filter-stored-decides",
    name: "The stored filter decides for all consumers of a subscription; one that asks for another acks nothing that it lets through, and the drift is reported",
    section: "E",
    rows: [84],
    needs: ["filter.stored"],
    async run(context) {
      const { broker, topic } = await context.topic();
      const both = { tier: ["gold", "silver"] };
      await broker.declare({ topics: { [topic.name]: { subscriptions: { all: { filter: both } } } } });
      const drifts = collectDrifts(topic.name);
      const before = await context.connect();
      const old = await context.collect(before.topic(topic.name).subscription("all", { filter: { tier: "gold" } }));
      const current = await context.collect(topic.subscription("all", { filter: both }));
      const bodies = Array.from({ length: 20 }, (_, index) => `message ${index}`);
      const publish = (body: string, index: number): Promise<unknown> =>
        topic.publish(body, { headers: { tier: index % 2 === 0 ? "gold" : "silver" } });
      await Promise.all(bodies.map(publish));
      await topic.publish("none");
      await context.until("all messages", () => bodies.every((body) => has(old, body) || has(current, body)));
      equal(has(old, "none") || has(current, "none"), false);
      deepEqual(drifts.stop(), ["filter"]);
    },
  },
  {
    id: "filter-stored-narrower",
    name: "A consumer that asks for more than the stored filter lets through gets what that lets through",
    section: "E",
    rows: [84],
    needs: ["filter.stored"],
    async run(context) {
      const { topic } = await context.topic();
      const first = await context.collect(topic.subscription("all", { filter: { tier: "gold" } }));
      await first.consumer.close();
      const later = (await context.connect()).topic(topic.name);
      const received = await context.collect(later.subscription("all"));
      for (const tier of ["silver", "gold"]) await topic.publish(tier, { headers: { tier } });
      await received.waitForBody("gold");
      deepEqual(received.bodies, ["gold"]);
    },
  },
  {
    id: "filter-verified",
    name: "With topology `verify`, a consumer with another filter than the stored one is refused with DRIFT, which names both",
    section: "E",
    rows: [84],
    needs: ["filter.stored"],
    async run(context) {
      const { broker, topic } = await context.topic();
      const subscriptions = { gold: { filter: { tier: "gold" } }, all: {} };
      await broker.declare({ topics: { [topic.name]: { subscriptions } } });
      const verifying = (await context.connect({ topology: "verify" })).topic(topic.name);
      const drift = { name: "BrokerError", code: "DRIFT", message: /filter: expected .*silver.*, found .*gold/ };
      const silver = verifying.subscription("gold", { filter: { tier: "silver" } });
      await rejects(async () => silver.consume(() => {}), drift);
      const some = verifying.subscription("all", { filter: { tier: "gold" } });
      await rejects(async () => some.consume(() => {}), {
        code: "DRIFT",
        message: /filter: expected .*gold.*, found none/,
      });
      await context.collect((await context.connect({ topology: "verify" })).topic(topic.name).subscription("all"));
    },
  },
  {
    id: "filter-declared-anew",
    name: "`declare` changes the stored filter, and running consumers lose nothing that the new one lets through",
    section: "E",
    rows: [84],
    needs: ["filter.stored"],
    async run(context) {
      const { topic } = await context.topic();
      const received = await context.collect(topic.subscription("all", { filter: { tier: "gold" } }));
      await topic.publish("first", { headers: { tier: "silver" } });
      await topic.publish("second", { headers: { tier: "gold" } });
      await received.waitForBody("second");
      const subscriptions = { all: { filter: { tier: ["gold", "silver"] } } };
      await (await context.connect()).declare({ topics: { [topic.name]: { subscriptions } } });
      await topic.publish("third", { headers: { tier: "silver" } });
      await topic.publish("bronze", { headers: { tier: "bronze" } });
      await topic.publish("fourth", { headers: { tier: "gold" } });
      await received.waitForBody("third");
      await received.waitForBody("fourth");
      deepEqual(received.bodies.toSorted(), ["fourth", "second", "third"]);
    },
  },
  {
    id: "filter-deleted",
    name: "The stored filter goes with its subscription",
    section: "E",
    rows: [84, 133],
    needs: ["filter.stored", "delete"],
    async run(context) {
      const { broker, topic } = await context.topic();
      const subscriptions = { all: { filter: { tier: "gold" } } };
      await broker.declare({ topics: { [topic.name]: { subscriptions } } });
      await broker.delete({ topics: { [topic.name]: { subscriptions: ["all"] } } });
      const later = (await context.connect()).topic(topic.name);
      const received = await context.collect(later.subscription("all", { filter: { tier: "silver" } }));
      for (const tier of ["gold", "silver"]) await topic.publish(tier, { headers: { tier } });
      await received.waitForBody("silver");
      deepEqual(received.bodies, ["silver"]);
    },
  },
  {
    id: "from-earliest",
    name: 'Each new subscription with `from: "earliest"` gets the messages that were published before',
    section: "E",
    rows: [83],
    needs: ["from"],
    async run(context) {
      const { topic } = await context.topic<number>({}, { retention: HOUR });
      for (const number of [0, 1, 2]) await topic.publish(number);
      for (const name of ["first", "second"]) {
        const received = await context.collect(topic.subscription(name, { from: "earliest" }));
        await received.waitForCount(3);
        deepEqual(new Set(received.bodies), new Set([0, 1, 2]));
      }
    },
  },
  {
    id: "from-applies-once",
    name: "`from` applies when a subscription is created; a later consumer continues where the subscription is",
    section: "E",
    rows: [81, 83],
    needs: ["from"],
    async run(context) {
      const { topic } = await context.topic<number>({}, { retention: HOUR });
      await topic.publish(0);
      const first = await context.collect(topic.subscription("all", { from: "earliest" }));
      await first.waitForCount(1);
      await first.consumer.close();
      await topic.publish(1);
      const second = await context.collect(topic.subscription("all", { from: "earliest" }));
      await second.waitForBody(1);
      deepEqual(second.bodies, [1]);
    },
  },
  {
    id: "from-date",
    name: "A new subscription with a date in `from` gets the messages that were published since then",
    section: "E",
    rows: [83],
    needs: ["from"],
    async run(context) {
      const { topic } = await context.topic({}, { retention: HOUR });
      await topic.publish("before");
      await sleep(30);
      const from = new Date();
      await sleep(30);
      await topic.publish("after");
      const received = await context.collect(topic.subscription("since", { from }));
      await received.waitForBody("after");
      deepEqual(received.bodies, ["after"]);
    },
  },
  {
    id: "from-needs-retention",
    name: 'A subscription with `from: "earliest"` is refused on a topic without retention',
    section: "E",
    rows: [83],
    needs: ["from"],
    async run(context) {
      const { topic } = await context.topic();
      const subscribe = async (): Promise<unknown> => context.collect(topic.subscription("all", { from: "earliest" }));
      await rejects(subscribe(), /retention/);
    },
  },
];
