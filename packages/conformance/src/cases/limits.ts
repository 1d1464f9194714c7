import { deepEqual, rejects } from "node:assert/strict";
import { bytes } from "@anybroker/core";
import type { Case } from "../case.ts";
import { Faults } from "../layers/faults.ts";

export const LIMITS: readonly Case[] = [
  {
    id: "headers-over-limit",
    name: "Headers beyond a limit fail with TOO_LARGE before any I/O, and the error has the limit; headers at the limit pass",
    section: "F",
    rows: [5, 11],
    async run(context) {
      const faults = new Faults();
      const limits = { headers: 5, headerValue: 100, headerBytes: 200 };
      const { queue } = await context.queue({ faults, capabilities: { limits } });
      const tooLarge = (limit: number): object => ({
        name: "BrokerError",

        code: "TOO_LARGE",
        message: RegExp(`${limit}`),
      });
      const many = (count: number): Record<string, string> =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, ""]));
      await rejects(queue.send("body", { headers: many(6) }), tooLarge(5));
      await rejects(queue.send("body", { headers: { a: "ü".repeat(51) } }), tooLarge(100));
      await rejects(queue.send("body", { headers: { a: "x".repeat(100), b: "x".repeat(99) } }), tooLarge(200));
      deepEqual(faults.calls, []);
      await queue.send("body", { headers: many(5) });
      await queue.send("body", { headers: { a: "x".repeat(100), b: "x".repeat(98) } });
    },
  },
  {
    id: "largest-headers",
    name: "Headers at the limits of the backend arrive, and stay the same in a retry and in a dead letter",
    section: "A",
    rows: [5, 11],
    needs: ["deadLetters.list"],
    async run(context) {
      const { headers: count, headerBytes, headerValue } = context.capabilities.limits;
      const headers: Record<string, string> = {};
      const names = Math.min(count, 60);
      const each = Math.min(headerValue, Math.floor(headerBytes / names) - 4);
      for (let index = 0; index < names; index += 1) headers[`h${String(index).padStart(3, "0")}`] = "v".repeat(each);
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: () => {
          throw new Error("e".repeat(600));
        },
      });
      await queue.send("body", { headers });
      await received.waitForCount(2);
      deepEqual({ ...received.handled[1]?.message.headers }, headers);
      const [letter] = await context.deadLetters(queue, 1);
      deepEqual({ ...letter?.headers }, headers);
    },
  },
  {
    id: "body-over-limit",
    name: "A body beyond the limit fails with TOO_LARGE before any I/O, and the error has its size and the limit; a body at the limit passes",
    section: "F",
    rows: [11, 73],
    async run(context) {
      const faults = new Faults();
      const broker = await context.connect({ faults, capabilities: { limits: { body: 1_000 } } });
      const queue = broker.queue(context.name(), { codec: bytes });
      const error = { name: "BrokerError", code: "TOO_LARGE", retryable: false, message: /1001.*1000/ };
      await rejects(queue.send(new Uint8Array(1_001)), error);
      deepEqual(faults.calls, []);
      await queue.send(new Uint8Array(1_000));
    },
  },
  {
    id: "body-over-real-limit",
    name: "A body one byte above the backend's limit is refused, and the queue still works",
    section: "F",
    rows: [11],
    async run(context) {
      const { body } = context.capabilities.limits;
      const broker = await context.connect();
      const queue = broker.queue(context.name(), { codec: bytes });
      await rejects(queue.send(new Uint8Array(body + 1)), { name: "BrokerError", code: "TOO_LARGE" });
      const received = await context.collect(queue);
      await queue.send(Uint8Array.of(1));
      await received.waitForCount(1);
    },
  },
];
