import { deepEqual } from "node:assert/strict";
import type { Case } from "../case.ts";

export const PRIORITY: readonly Case[] = [
  {
    id: "priority",
    name: "Of the waiting messages, those of higher priority are delivered first",
    section: "D",
    rows: [62],
    needs: ["priority"],
    async run(context) {
      const { queue } = await context.queue<number>();
      for (const priority of [0, 9, 5, 0, 9, 5]) await queue.send(priority, { priority });
      const received = await context.collect(queue, { prefetch: 1 });
      await received.waitForCount(6);
      deepEqual(received.bodies, [9, 9, 5, 5, 0, 0]);
    },
  },
  {
    id: "default-priority",
    name: "A message without a priority has priority 4",

    section: "D",
    rows: [62],
    needs: ["priority"],
    async run(context) {
      const { queue } = await context.queue();
      await queue.send("three", { priority: 3 });
      await queue.send("none");
      await queue.send("five", { priority: 5 });
      const received = await context.collect(queue, { prefetch: 1 });
      await received.waitForCount(3);
      deepEqual(received.bodies, ["five", "none", "three"]);
    },
  },
  {
    id: "priority-of-publish",
    name: "Priority works in a subscription as it does in a queue",
    section: "D",
    rows: [62],
    needs: ["priority"],
    async run(context) {
      const { broker, topic } = await context.topic<number>();
      await broker.declare({ topics: { [topic.name]: { subscriptions: { all: {} } } } });
      for (const priority of [1, 8, 1, 8]) await topic.publish(priority, { priority });
      const received = await context.collect(topic.subscription("all"), { prefetch: 1 });
      await received.waitForCount(4);
      deepEqual(received.bodies, [8, 8, 1, 1]);
    },
  },
];
