import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Case } from "../case.ts";
import { sleep } from "../wait.ts";

const HOUR = 3_600_000;

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
