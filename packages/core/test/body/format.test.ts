import { describe, expect, test } from "vitest";
import { type Codec, json, text } from "../../src/body/codec.ts";
import { bodyFormat } from "../../src/body/format.ts";
import type { StandardSchema } from "../../src/body/schema.ts";

const anything: StandardSchema = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};

function cyclic(): object {
  const body: Record<string, unknown> = {};
  body.self = body;
  return body;
}

describe("an error of encoding a body", () => {
  test.each([
    ["queue orders: items[1].price is NaN, which has no JSON form", {}, { items: [{}, { price: Number.NaN }] }],
    ["queue orders: self is a reference to an object that contains it, which has no JSON form", {}, cyclic()],
    ["queue orders: the body is a Promise: did you forget to await it?", { codec: json }, Promise.resolve()],
    ["queue orders: a text body must be a string, not number", { codec: text }, 7],
    ["queue orders: the body is undefined, which has no JSON form", { schema: anything }, undefined],
    ["queue orders: Converting circular structure to JSON", { schema: anything }, cyclic()],
  ])("is a TypeError that names the destination: %s", (message, options, body) => {
    const { write } = bodyFormat<unknown, unknown>("queue orders", options as object);
    expect(() => write(body)).toThrow(TypeError);
    expect(() => write(body)).toThrow(message);
  });

  test("is what the codec throws, if it is no TypeError", () => {
    const error = new RangeError("too wide");
    const codec: Codec = {
      ...json,
      encode() {
        throw error;
      },
    };
    expect(() => bodyFormat("queue orders", { codec }).write(1)).toThrow(error);
  });
});

test("a body that a schema has checked is not searched for what JSON cannot hold", () => {
  let reads = 0;
  const body = {
    get price(): number {
      reads += 1;
      return Number.NaN;
    },
  };
  const { write } = bodyFormat("queue orders", { schema: anything });
  expect(Buffer.from(write(body) as Uint8Array).toString()).toBe('{"price":null}');
  expect(reads).toBe(1);
});
