import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { FEATURES } from "@anybroker/core";
import type { Case } from "../case.ts";
import { toArray } from "../wait.ts";

export const HEALTH: readonly Case[] = [
  {
    id: "health-up",
    name: "Health is `up`, with the server and its version",
    section: "F",
    rows: [115],
    async run(context) {
      const broker = await context.connect();
      const { status, reason, server } = await broker.health();
      deepEqual([status, reason], ["up", undefined]);
      ok((server?.product ?? "").length > 0 && (server?.version ?? "").length > 0);
    },
  },
  {
    id: "health-after-close",
    name: "Health never rejects, and is `down` after close",
    section: "F",
    rows: [98, 115],
    async run(context) {
      const broker = await context.connect();
      await broker.close();
      const { status, reason } = await broker.health();
      equal(status, "down");
      ok((reason ?? "").length > 0, "there is no reason");
    },
  },
  {
    id: "capabilities-known",
    name: "After connecting every capability is known, and every limit is a sensible number",
    section: "F",
    rows: [117],
    async run(context) {
      const { capabilities } = await context.connect();
      for (const feature of FEATURES) ok(["native", "emulated", "none"].includes(capabilities[feature]), feature);
      ok(["strict", "untilRetry", "none"].includes(capabilities.ordering));
      ok(["strict", "firstTry"].includes(capabilities.sendOrder));
      for (const [name, value] of Object.entries(capabilities.limits)) {
        ok(Number.isSafeInteger(value) && value >= 0, `${name} is ${value}`);
      }
      const { limits } = capabilities;
      ok(limits.body >= 1_024 && limits.headers >= 8 && limits.headerValue >= 256 && limits.headerBytes >= 1_024);
      ok(limits.nameMin >= 1 && limits.nameMin <= 3 && limits.nameMax === 100);
    },
  },
  {
    id: "native-client",
    name: "The native client is available until close",
    section: "F",
    rows: [114],
    async run(context) {
      const broker = await context.connect();
      notEqual(broker.native, undefined);
      await broker.close();
      equal(broker.native, undefined);
    },
  },
  {
    id: "looking-changes-nothing",
    name: "Stats and dead letters of what does not exist are NOT_FOUND, and looking at it creates nothing",
    section: "F",
    rows: [13, 116],
    needs: ["deadLetters.list"],
    async run(context) {
      const broker = await context.connect();
      const { topic } = await context.topic();
      await broker.declare({ topics: { [topic.name]: {} } });
      const [queue, missing] = [context.name("queue"), context.name("topic")];
      const sources = [
        broker.queue(queue),
        broker.topic(missing).subscription("audit"),
        broker.topic(topic.name).subscription("audit"),
      ];
      for (const source of sources) {
        if (context.capabilities.stats !== "none") await rejects(source.stats(), { code: "NOT_FOUND" });
        const { deadLetters } = source;
        await rejects(toArray(deadLetters.list()), { code: "NOT_FOUND" });
        if (context.capabilities["deadLetters.count"] !== "none") {
          await rejects(deadLetters.count(), { code: "NOT_FOUND" });
        }
        for (const verb of ["remove", "replay"] as const) {
          await rejects(deadLetters[verb]({ all: true }), { code: "NOT_FOUND" });
          if (context.capabilities["deadLetters.select"] === "none") continue;
          await rejects(deadLetters[verb]({ ids: ["0-1"] }), { code: "NOT_FOUND" });
        }
      }
      const verifying = await context.connect({ topology: "verify" });
      await rejects(verifying.declare({ queues: { [queue]: {} } }), { code: "NOT_FOUND" });
      await rejects(verifying.declare({ topics: { [missing]: {} } }), { code: "NOT_FOUND" });
      const subscription = { [topic.name]: { subscriptions: { audit: {} } } };
      await rejects(verifying.declare({ topics: subscription }), { code: "NOT_FOUND" });
    },
  },
  {
    id: "looking-without-options",
    name: "Stats and dead letters of an ordered queue need no options",
    section: "F",
    rows: [13, 49],
    needs: ["ordering", "deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue({}, { ordered: true });
      await context.collect(queue, {
        retry: { attempts: 1 },
        handle: () => {
          throw new Error("it fails");
        },
      });
      const { id } = await queue.send("body", { key: "a" });
      const other = (await context.connect({ topology: "verify" })).queue<string>(queue.name);
      const letters = async (): Promise<boolean> =>
        (await toArray(other.deadLetters.list())).some((letter) => letter.id === id);
      await context.until("the dead letter", letters);
      if (context.capabilities.stats === "none") return;
      await context.until("the stats", async () => (await other.stats()).dead === 1);
    },
  },
];
