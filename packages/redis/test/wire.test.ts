import { message } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { addFields, copyFields, RedisDelivery, type TextOrBytes, toArgument } from "../src/wire.ts";

const entry = (...fields: readonly (string | Buffer)[]) => ({
  id: "17-3",
  fields: fields.map((one) => Buffer.from(one)),
});
const delivery = (...fields: readonly (string | Buffer)[]) =>
  new RedisDelivery([Buffer.from("17-3"), entry(...fields).fields], "{q}", 0, 0, 0);
const binary = Buffer.from([0, 255, 254]);

test("a message is written as fields and read back unchanged", () => {
  const properties = { key: "k", type: "t", correlationId: "c", replyTo: "r", contentType: "text/plain" };
  const fields: TextOrBytes[] = [];
  addFields(fields, message("i", { ...properties, headers: { a: "1", id: "mine" }, sentAt: 5, body: binary }));
  const read = delivery(...fields.map((one) => Buffer.from(one)));
  expect(read).toMatchObject({ ...properties, id: "i", sentAt: 5, deliveries: 0, position: "{q} 17-3" });
  expect({ ...read.headers }).toEqual({ a: "1", id: "mine" });
  expect([...read.body]).toEqual([...binary]);
});

test("a body keeps its bytes as an argument, whether they are text or not", () => {
  const bodies = [
    binary,
    Buffer.from("\ufeffü🎉\0"),
    Buffer.alloc(0),
    Buffer.from("x".repeat(5_000)),
    Buffer.from([0xed, 0xa0, 0x80]),
  ];
  for (const body of bodies) expect(Buffer.from(toArgument(new Uint8Array(body))).equals(body)).toBe(true);
});

test("an entry of another program is a message whose fields are headers", () => {
  const read = delivery("d", "body", "tenant", "acme", "blob", binary, "list", "one", "list", "two");
  expect({ ...read.headers }).toEqual({
    tenant: "acme",
    blob: `base64:${binary.toString("base64")}`,
    list: '["one","two"]',
  });
  expect(read).toMatchObject({ id: "17-3", key: undefined, contentType: undefined, sentAt: 17 });
});

test("a field with the name of a header of ours but without the prefix is not ours, and a copy keeps its bytes beside ours", () => {
  const fields = ["anybroker-attempt", "3", "anybroker-not-before", "9", "anybroker-attempt", binary, "d", "body"];
  const read = delivery(...fields);
  expect({ ...read.headers }).toEqual({});
  const copy = copyFields(read.native, { "anybroker-attempt": "1", "anybroker-not-before": undefined });
  expect(copy.map(String)).toEqual([...fields.map(String), "h.anybroker-attempt", "1"]);
  expect({ ...delivery(...copy.map((one) => Buffer.from(one))).headers }).toEqual({ "anybroker-attempt": "1" });
});

test("a header of ours that comes more than once is left out, and a copy has it once", () => {
  const attempt = "h.anybroker-attempt";
  const read = delivery(attempt, "3", "a", "1", attempt, "4", attempt, "5");
  expect({ ...read.headers }).toEqual({ a: "1" });
  const copy = copyFields(read.native, { "anybroker-attempt": "1" });
  expect(copy.map(String)).toEqual(["a", "1", attempt, "1"]);
});

test.each(["", "1e3", "-1", "soon", "8640000000000001"])("the time %j of a foreign entry is undefined", (ts) => {
  expect(delivery("ts", ts).sentAt).toBeUndefined();
});

test("an entry without a body has an empty one", () => {
  expect(delivery("a", "1").body).toHaveLength(0);
});

test("headers named like members of an object are headers like others", () => {
  const read = delivery("h.__proto__", "1", "h.constructor", "2", "d", "x");
  expect(Object.getPrototypeOf(read.headers)).toBeNull();
  expect(Object.entries(read.headers)).toEqual([
    ["__proto__", "1"],
    ["constructor", "2"],
  ]);
});

test("a copy has all fields of the original in their order, except the headers that change", () => {
  const original = entry("x", binary, "d", "body", "h.anybroker-attempt", "1", "x", "again", "h.gone", "1");
  const changes = { "anybroker-attempt": "2", gone: undefined, "anybroker-new": "ü" };
  expect(copyFields(original, changes).map(String)).toEqual([
    ...["x", String(binary), "d", "body", "x", "again"],
    ...["h.anybroker-attempt", "2", "h.anybroker-new", "ü"],
  ]);
});
