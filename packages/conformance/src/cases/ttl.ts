import { deepEqual, equal } from "node:assert/strict";
import type { Case } from "../case.ts";
import { gate, sleep, toArray } from "../wait.ts";

export const TTL: readonly Case[] = [
  {
    id: "not-expired",
    name: "A message that has not expired is handled",

    section: "D",
    rows: [60, 61],
    needs: ["ttl"],
    async run(context) {
      const { queue } = await context.queue();
      await queue.send("long", { ttl: 31_536_000_000 });
      await queue.send("short", { ttl: 60_000 });
      const received = await context.collect(queue);
      await received.waitForCount(2);
    },
  },
  {
    id: "expired",
    name: "An expired message reaches neither a handler nor the dead letters; later messages are handled",
    section: "D",
    rows: [60],
    needs: ["ttl", "deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      await queue.send("stale", { ttl: 20 });
      await sleep(40);
      await queue.send("fresh", { ttl: 60_000 });
      const received = await context.collect(queue);
      await received.waitForBody("fresh");
      deepEqual(received.bodies, ["fresh"]);
      deepEqual(await toArray(queue.deadLetters.list()), []);
    },
  },
  {
    id: "expired-in-a-subscription",
    name: "A published message expires in each subscription",

    section: "D",
    rows: [60],
    needs: ["ttl"],
    async run(context) {
      const { broker, topic } = await context.topic();
      await broker.declare({ topics: { [topic.name]: { subscriptions: { late: {} } } } });
      await topic.publish("stale", { ttl: 20 });
      await sleep(40);
      await topic.publish("fresh");
      const received = await context.collect(topic.subscription("late"));
      await received.waitForBody("fresh");
      deepEqual(received.bodies, ["fresh"]);
    },
  },
  {
    id: "expired-before-retry",
    name: "A message that expires while its handler fails is discarded, not retried",

    section: "D",
    rows: [60],
    needs: ["ttl"],
    async run(context) {
      const { broker, queue } = await context.queue();
      await broker.declare({ queues: { [queue.name]: {} } });
      let ttl = Math.min(1_500, Math.ceil(context.patience / 2));
      const received = await context.collect(queue, {
        handle: async ({ body }) => {
          if (body !== "stale") return;
          await sleep(ttl + 50);
          throw new Error("too late to matter");
        },
      });
      // On a busy machine the message may expire before it is delivered. The next one has a longer ttl.
      for (let times = 1; received.bodies.length === 0; times += 1, ttl *= 2) {
        await queue.send("stale", { ttl });
        await context.until("the expiry to be counted", () => received.consumer.stats().expired === times);
      }
      await queue.send("marker");
      await received.waitForBody("marker");
      deepEqual(received.bodies, ["stale", "marker"]);
    },
  },
  {
    id: "expired-behind-a-slow-handler",
    name: "A message that expires while it waits in the consumer reaches no handler",

    section: "D",
    rows: [60],
    needs: ["ttl"],
    async run(context) {
      const { queue } = await context.queue();
      const hold = gate();
      const received = await context.collect(queue, {
        prefetch: 3,
        handle: async ({ body }) => {
          if (body === "slow") await hold.promise;
        },
      });
      await queue.send("slow");
      await received.waitForCount(1);
      await queue.send("stale", { ttl: 100 });
      await sleep(150);
      await queue.send("fresh");
      hold.open();
      await received.waitForBody("fresh");
      deepEqual(received.bodies, ["slow", "fresh"]);
    },
  },
  {
    id: "expired-while-delayed",
    name: "A message that expires before its delay is over is never handled",
    section: "D",
    rows: [60],
    needs: ["ttl", "delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("stale", { delay: 300, ttl: 50 });
      await queue.send("marker", { delay: 320 });
      await received.waitForBody("marker");
      await queue.send("second marker", { delay: 260 });
      await received.waitForBody("second marker");
      equal(received.bodies.includes("stale"), false);
    },
  },
];
