import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Case } from "../case.ts";
import { Faults } from "../layers/faults.ts";

const DELAY = 400;
const DAY = 86_400_000;

export const DELAYS: readonly Case[] = [
  {
    id: "delay",
    name: "A delayed message is delivered soon after its delay, and never before",
    section: "C",
    rows: [54],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      const start = Date.now();
      await queue.send("later", { delay: DELAY, id: "d", key: "k", headers: { a: "1" } });
      await received.waitForCount(1);
      const [handled] = received.handled;
      const waited = (handled?.at ?? 0) - start;
      ok(waited >= DELAY - 1, `delivered after ${waited} ms`);
      deepEqual([handled?.id, handled?.attempt, handled?.message.key], ["d", 1, "k"]);
      deepEqual({ ...handled?.message.headers }, { a: "1" });
    },
  },
  {
    id: "deliver-at",
    name: "A message with `deliverAt` is not delivered before that time",
    section: "C",
    rows: [54, 57],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      const due = Date.now() + DELAY;
      await queue.send("later", { deliverAt: new Date(due) });
      await received.waitForCount(1);
      ok((received.handled[0]?.at ?? 0) >= due - 1, `delivered ${due - (received.handled[0]?.at ?? 0)} ms early`);
    },
  },
  {
    id: "deliver-at-in-the-past",
    name: "A message whose `deliverAt` has passed is delivered at once",
    section: "C",
    rows: [57],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("due", { deliverAt: new Date(Date.now() - DAY) });
      await queue.send("no delay", { delay: 0 });
      await received.waitForCount(2);
    },
  },
  {
    id: "delayed-do-not-block",
    name: "A delayed message does not block messages without a delay or with a shorter one",
    section: "C",
    rows: [54],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("tomorrow", { delay: Math.min(DAY, context.capabilities.limits.delay) });
      const last = async (delay: number): Promise<number> => {
        const since = Date.now();
        await queue.send(`long ${delay}`, { delay });
        await queue.send(`short ${delay}`, { delay: 300 });
        await queue.send(`now ${delay}`);
        // If the sends alone took too long, any order would be right: try again with longer delays.
        return Date.now() - since < delay / 4 ? delay : last(delay * 2);
      };
      const delay = await last(1_100);
      await received.waitForBody(`long ${delay}`);
      const order = ["now", "short", "long"].map((what) => received.bodies.indexOf(`${what} ${delay}`));
      ok(
        order.every((at, index) => at > (order[index - 1] ?? -1)),
        `handled in this order: ${received.bodies.join()}`,
      );
    },
  },
  {
    id: "delay-outlives-the-sender",
    name: "A delayed message is delivered even if its sender has closed and no consumer was reading when it was sent",
    section: "C",
    rows: [56],
    needs: ["delay.send"],
    async run(context) {
      const { broker, queue } = await context.queue();
      const start = Date.now();
      await queue.send("later", { delay: DELAY });
      await broker.close();
      const received = await context.collect((await context.connect()).queue<string>(queue.name));
      await received.waitForCount(1);
      ok((received.handled[0]?.at ?? 0) - start >= DELAY - 1, "delivered too early");
    },
  },
  {
    id: "delayed-retry",
    name: "A delayed message that fails is retried by the policy, like any other",
    section: "C",
    rows: [42, 54],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt === 1) throw new Error("once");
        },
      });
      await queue.send("later", { delay: 260 });
      await received.waitForCount(2);
      deepEqual(
        received.handled.map(({ attempt }) => attempt),
        [1, 2],
      );
    },
  },
  {
    id: "delayed-batch",
    name: "Each message of a batch can have its own delay",
    section: "C",
    rows: [54, 71],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      const start = Date.now();
      const results = await queue.sendBatch([{ body: "later", delay: DELAY }, { body: "now" }]);
      deepEqual(
        results.map(({ error }) => error),
        [undefined, undefined],
      );
      await received.waitForCount(2);
      deepEqual(received.bodies, ["now", "later"]);
      ok((received.handled[1]?.at ?? 0) - start >= DELAY - 1, "delivered too early");
    },
  },
  {
    id: "publish-delay",
    name: "A delayed publish reaches every subscription once, and never before its time",
    section: "C",
    rows: [54],
    needs: ["delay.publish"],
    async run(context) {
      const { topic } = await context.topic();
      const received = await Promise.all(["a", "b"].map((name) => context.collect(topic.subscription(name))));
      const start = Date.now();
      await topic.publish("later", { delay: DELAY });
      await topic.publish("now");
      for (const one of received) {
        await one.waitForCount(2);
        deepEqual(one.bodies.toSorted(), ["later", "now"]);
        const later = one.handled.find(({ body }) => body === "later");
        ok((later?.at ?? 0) - start >= DELAY - 1, "delivered too early");
      }
    },
  },
  {
    id: "delay-too-long",
    name: "A delay beyond the backend's limit is refused before any I/O, never shortened",
    section: "C",
    rows: [55],
    needs: ["delay.send"],
    async run(context) {
      const faults = new Faults();
      const { queue } = await context.queue({ faults, capabilities: { limits: { delay: 5_000 } } });
      await rejects(queue.send("never", { delay: 5_001 }), /5.?000/);
      await rejects(queue.send("never", { deliverAt: new Date(Date.now() + DAY) }), /5.?000/);
      deepEqual(faults.calls, []);
      equal((await queue.send("fits", { delay: 5_000 })).id.length, 36);
    },
  },
];
