import { deepEqual, equal, rejects } from "node:assert/strict";
import { type Codec, json, type StandardSchema } from "@anybroker/core";
import type { Case } from "../case.ts";
import { codeOf } from "../error-code.ts";
import { Faults } from "../layers/faults.ts";

/** A schema that turns a price in text into a number, and records its calls. */
function priceSchema(): StandardSchema<{ price: string }, { price: number }> & { readonly calls: unknown[] } {
  const calls: unknown[] = [];
  return {
    calls,
    "~standard": {
      version: 1,
      vendor: "conformance",
      validate(value) {
        calls.push(value);
        const price = typeof value === "object" && value !== null && "price" in value ? value.price : undefined;
        if (typeof price !== "string" || Number.isNaN(Number(price))) {
          return { issues: [{ message: "must be a number in text", path: ["price"] }] };
        }
        return { value: { price: Number(price) } };
      },
    },
  };
}

/** A codec that sends any text as JSON. */
const broken: Codec<string> = {
  ...json,
  contentType: "application/json",
  encode: (body) => Buffer.from(body),
  decode: String,
};

export const SCHEMA: readonly Case[] = [
  {
    id: "schema-output",
    name: "The schema's input is sent, and the handler gets its output, transformed once",
    section: "A",
    rows: [19],
    async run(context) {
      const broker = await context.connect();
      const name = context.name();
      const queue = broker.queue(name, { schema: priceSchema() });
      const received = await context.collect(queue);
      await queue.send({ price: "1.50" });
      await received.waitForCount(1);
      deepEqual(received.bodies, [{ price: 1.5 }]);
      equal(Buffer.from(received.handled[0]?.message.bytes ?? []).toString(), '{"price":"1.50"}');
    },
  },
  {
    id: "schema-refuses-send",
    name: "A send of a body that the schema refuses fails with INVALID_BODY, before any I/O",
    section: "A",
    rows: [18],
    async run(context) {
      const faults = new Faults();
      const broker = await context.connect({ faults });
      const queue = broker.queue(context.name(), { schema: priceSchema() });
      await rejects(queue.send({ price: "cheap" }), { name: "BrokerError", code: "INVALID_BODY", retryable: false });
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "invalid-body-dead-lettered",
    name: "A received body that the schema refuses is dead-lettered unchanged, and the next message is handled",
    section: "C",
    rows: [47],
    needs: ["deadLetters.list"],
    async run(context) {
      const broker = await context.connect();
      const name = context.name();
      const raw = broker.queue(name);
      const queue = broker.queue(name, { schema: priceSchema() });
      const received = await context.collect(queue);
      await raw.send({ cost: 3 }, { headers: { kept: "yes" } });
      await raw.send({ price: "2" });
      await received.waitForCount(1);
      deepEqual(received.bodies, [{ price: 2 }]);
      const [dead] = await context.deadLetters(queue, 1);
      equal(Buffer.from(dead?.bytes ?? []).toString(), '{"cost":3}');
      equal(dead?.headers.kept, "yes");
      equal(dead?.reason, "INVALID_BODY");
    },
  },
  {
    id: "undecodable-dead-lettered",
    name: "A body that cannot be decoded reaches no handler and is dead-lettered unchanged, and the next message is handled",
    section: "C",
    rows: [47],
    needs: ["deadLetters.list"],
    async run(context) {
      const broker = await context.connect();
      const name = context.name();
      const queue = broker.queue<unknown>(name);
      const received = await context.collect(queue);
      await broker.queue(name, { codec: broken }).send("{not json", { id: "bad-1", headers: { kept: "yes" } });
      await queue.send("good");
      await received.waitForCount(1);
      deepEqual(received.bodies, ["good"]);
      const [dead] = await context.deadLetters(queue, 1);
      equal(Buffer.from(dead?.bytes ?? []).toString(), "{not json");
      deepEqual([dead?.id, dead?.headers.kept, dead?.reason], ["bad-1", "yes", "UNDECODABLE"]);
    },
  },
  {
    id: "undecodable-reported",
    name: "A body that cannot be decoded is reported to onError",
    section: "C",
    rows: [47],
    async run(context) {
      const broker = await context.connect();
      const name = context.name();
      const queue = broker.queue<unknown>(name);
      const received = await context.collect(queue);
      await broker.queue(name, { codec: broken }).send("{not json");
      await context.until("an error to be reported", () => received.errors.length > 0);
      equal(codeOf(received.errors[0]), "UNDECODABLE");
    },
  },
];
