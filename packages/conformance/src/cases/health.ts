import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { FEATURES } from "@anybroker/core";
import type { Case } from "../case.ts";

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
];
