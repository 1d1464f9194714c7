import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Case } from "../case.ts";
import { Faults } from "../layers/faults.ts";

const DELAY = 400;
const DAY = 86_400_000;

export const DELAYS: readonly Case[] = [
  {
    id: "delay",
    name: "A delayed message is not handed out before its time, and soon after it",
    section: "C",
    rows: [54],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue);
      const start = Date.now();
      await queue.send("later", { delay: DELAY, id: "d", key: "k", headers: { a: "1" } });
      await got.waitForCount(1);
      const [handled] = got.handled;
      const waited = (handled?.at ?? 0) - start;
      ok(waited >= DELAY - 1, `handed out after ${waited} ms`);
      deepEqual([handled?.id, handled?.attempt, handled?.message.key], ["d", 1, "k"]);
      deepEqual({ ...handled?.message.headers }, { a: "1" });
    },
  },
  {
    id: "deliver-at",
    name: "A message with a time is not handed out before it",
    section: "C",
    rows: [54, 57],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue);
      const due = Date.now() + DELAY;
      await queue.send("later", { deliverAt: new Date(due) });
      await got.waitForCount(1);
      ok((got.handled[0]?.at ?? 0) >= due - 1, `handed out ${due - (got.handled[0]?.at ?? 0)} ms early`);
    },
  },
  {
    id: "deliver-at-in-the-past",
    name: "A message whose time has passed is handed out at once",
    section: "C",
    rows: [57],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue);
      await queue.send("due", { deliverAt: new Date(Date.now() - DAY) });
      await queue.send("no delay", { delay: 0 });
      await got.waitForCount(2);
    },
  },
  {
    id: "delayed-do-not-block",
    name: "A delayed message does not hold up the others, be they undelayed or delayed for less",
    section: "C",
    rows: [54],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue);
      await queue.send("tomorrow", { delay: Math.min(DAY, context.capabilities.limits.delay) });
      const last = async (delay: number): Promise<number> => {
        const since = Date.now();
        await queue.send(`long ${delay}`, { delay });
        await queue.send(`short ${delay}`, { delay: 300 });
        await queue.send(`now ${delay}`);
        // Where the sends alone took so long, any order is right.
        return Date.now() - since < delay / 4 ? delay : last(delay * 2);
      };
      const delay = await last(1_100);
      await got.waitForBody(`long ${delay}`);
      const order = ["now", "short", "long"].map((what) => got.bodies.indexOf(`${what} ${delay}`));
      ok(
        order.every((at, index) => at > (order[index - 1] ?? -1)),
        `handled in this order: ${got.bodies.join()}`,
      );
    },
  },
  {
    id: "delay-outlives-the-sender",
    name: "A delayed message comes although its sender has closed, and nobody was reading when it was sent",
    section: "C",
    rows: [56],
    needs: ["delay.send"],
    async run(context) {
      const { broker, queue } = await context.queue();
      const start = Date.now();
      await queue.send("later", { delay: DELAY });
      await broker.close();
      const got = await context.collect((await context.connect()).queue<string>(queue.name));
      await got.waitForCount(1);
      ok((got.handled[0]?.at ?? 0) - start >= DELAY - 1, "handed out too early");
    },
  },
  {
    id: "delayed-retry",
    name: "A delayed message that fails is retried by the policy, as any other",
    section: "C",
    rows: [42, 54],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt === 1) throw new Error("once");
        },
      });
      await queue.send("later", { delay: 260 });
      await got.waitForCount(2);
      deepEqual(
        got.handled.map(({ attempt }) => attempt),
        [1, 2],
      );
    },
  },
  {
    id: "delayed-batch",
    name: "Messages of one batch may each have a delay of their own",
    section: "C",
    rows: [54, 71],
    needs: ["delay.send"],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue);
      const start = Date.now();
      const results = await queue.sendBatch([{ body: "later", delay: DELAY }, { body: "now" }]);
      deepEqual(
        results.map(({ error }) => error),
        [undefined, undefined],
      );
      await got.waitForCount(2);
      deepEqual(got.bodies, ["now", "later"]);
      ok((got.handled[1]?.at ?? 0) - start >= DELAY - 1, "handed out too early");
    },
  },
  {
    id: "publish-delay",
    name: "A delayed publish reaches every subscription once, and none before its time",
    section: "C",
    rows: [54],
    needs: ["delay.publish"],
    async run(context) {
      const { topic } = await context.topic();
      const got = await Promise.all(["a", "b"].map((name) => context.collect(topic.subscription(name))));
      const start = Date.now();
      await topic.publish("later", { delay: DELAY });
      await topic.publish("now");
      for (const one of got) {
        await one.waitForCount(2);
        deepEqual(one.bodies.toSorted(), ["later", "now"]);
        const later = one.handled.find(({ body }) => body === "later");
        ok((later?.at ?? 0) - start >= DELAY - 1, "handed out too early");
      }
    },
  },
  {
    id: "delay-too-long",
    name: "A delay beyond what the backend can keep is refused before any I/O, never cut",
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
