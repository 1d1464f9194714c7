import { declared, live, message, queue, reading, sent, settle, take, takeOne } from "@anybroker-internal/testkit/link";
import type { Message } from "amqplib";
import { expect, test } from "vitest";
import { copyProperties, deliveryOf, identityOf, textOf } from "../src/wire.ts";
import { open, plain, publishTo, unique } from "./harness.ts";

const native = (properties: object, fields: object = {}): Message =>
  // The cast is true: the driver does not read what is missing.
  ({ content: Buffer.from("body"), properties, fields: { deliveryTag: 1, redelivered: false, ...fields } }) as Message;

test("a header of every AMQP type has one text", () => {
  const texts = {
    text: ["a", "a"],
    number: [5, "5"],
    fraction: [0.5, "0.5"],
    infinite: [Number.POSITIVE_INFINITY, "Infinity"],
    yes: [true, "true"],
    nothing: [null, "null"],
    bytes: [Buffer.from("é"), "é"],
    notText: [Buffer.from([0xff, 0xfe]), "base64://4="],
    time: [{ "!": "timestamp", value: 1_700_000_000 }, "2023-11-14T22:13:20.000Z"],
    decimal: [{ "!": "decimal", value: { places: 2, digits: 1250 } }, "12.5"],
    list: [["a", 1, Buffer.from("b")], '["a",1,"b"]'],
    table: [{ at: { "!": "timestamp", value: 0 }, n: 1 }, '{"at":"1970-01-01T00:00:00.000Z","n":1}'],
  } as const;
  for (const [value, text] of Object.values(texts)) expect(textOf(value)).toBe(text);
});

test("headers in which the server records a message's way are left out, and similar names are not", () => {
  const mine = { "x-first-name": "Ada", "x-deathly": "1", a: "b" };
  const brokers = { "x-death": [], "x-first-death-queue": "q", "x-last-death-reason": "r", "x-delivery-count": 3 };
  const { headers } = deliveryOf(native({ headers: { ...mine, ...brokers, "x-acquired-count": 1 } }), "q");
  expect({ ...headers }).toEqual(mine);
  expect(Object.getPrototypeOf(headers)).toBeNull();
});

test("a header with the name of one of ours is left out unless it is a text", () => {
  const foreign = { "anybroker-attempt": 3, "anybroker-key": Buffer.from("k"), "anybroker-dead-at": ["1"] };
  const read = deliveryOf(native({ headers: { ...foreign, "anybroker-expires-at": null, a: 1 } }), "q");
  expect({ ...read.headers }).toEqual({ a: "1" });
  expect(read.key).toBeUndefined();
  expect(deliveryOf(native({ headers: { "anybroker-key": "k" } }), "q").key).toBe("k");
});

test("a copy keeps everything except what belongs to the server, would send it elsewhere, or would be refused", () => {
  const original = native({
    headers: { a: 5, CC: ["elsewhere"], "x-death": [{}], "anybroker-not-before": "1" },
    expiration: "500",
    userId: "somebody",
    appId: "app",
    contentEncoding: "gzip",
    priority: 3,
    deliveryMode: 1,
  });
  const changes = { "anybroker-attempt": "1", "anybroker-not-before": undefined };
  const copy = copyProperties(original, changes, "guest");
  expect(copy).toEqual({
    headers: { a: 5, "anybroker-attempt": "1" },
    expiration: undefined,
    userId: undefined,
    appId: "app",
    contentEncoding: "gzip",
    priority: 3,
    deliveryMode: 1,
    mandatory: true,
  });
  expect(copyProperties(native({ userId: "guest" }), { "anybroker-not-before": "7" }, "guest")).toMatchObject({
    userId: "guest",
    headers: { "anybroker-not-before": "7" },
  });
});

test("the number of earlier deliveries is the server's count, or without one whether it was redelivered", () => {
  const counted = { headers: { "x-delivery-count": 3 } };
  expect(deliveryOf(native(counted, { redelivered: true }), "q").deliveries).toBe(3);
  expect(deliveryOf(native({}, { redelivered: true }), "q").deliveries).toBe(1);
  expect(deliveryOf(native({}), "q").deliveries).toBe(0);
});

test("a message is known by its id and content", () => {
  const again = (properties: object): string | undefined =>
    identityOf(deliveryOf(native({ messageId: "m", ...properties }, { redelivered: true }), "q"));
  expect(again({ headers: { "x-delivery-count": 1 } })).toBe(again({ headers: { "x-delivery-count": 2 } }));
  expect(again({ type: "t" })).not.toBe(again({}));
  expect(again({ messageId: undefined })).toBeUndefined();
  expect(identityOf(deliveryOf(native({ messageId: "m" }), "q"))).toBe(again({}));
});

test("a first delivery has a name when it is lost, whichever side notices that first, but none when it comes", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const source = await reading(link, entity);
  await sent(link, entity, [message("m")]);
  const delivery = await takeOne(source);
  expect(source.identify?.(delivery, false)).toBeUndefined();
  // The core may hear of the end of the connection before the source does.
  expect(source.identify?.(delivery, true)).toContain("m/");
});

test("a count of deliveries that another program sent along is none", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  await publishTo(await plain(), entity.name, "moved", { headers: { "x-delivery-count": 50 } });
  const source = await reading(link, entity);
  expect((await takeOne(source)).deliveries).toBe(0);
  await source.close(live);
  expect((await takeOne(await reading(link, entity))).deliveries).toBe(1);
});

test("a plain client reads a message of anybroker like one of its own", async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  const fields = {
    contentType: "text/plain",
    headers: { a: "b" },
    key: "k",
    type: "t",
    correlationId: "c",
    replyTo: "r",
  };
  await sent(link, entity, [message("m", { ...fields, sentAt: 1_700_000_000_999 })]);
  const got = await (await plain()).get(entity.name, { noAck: true });
  if (got === false) throw new Error("no message arrived");
  expect(got.content.toString()).toBe("m");
  expect(got.properties).toMatchObject({
    contentType: "text/plain",
    type: "t",
    correlationId: "c",
    replyTo: "r",
    messageId: "m",
    deliveryMode: 2,
    timestamp: 1_700_000_000,
    headers: { a: "b", "anybroker-key": "k" },
  });
});

test("a bare message of another program is a message, and everything in a rich one survives a retry", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const channel = await plain();
  await publishTo(channel, entity.name, "bare");
  const headers = {
    number: 5,
    big: 2 ** 40,
    half: 0.5,
    yes: true,
    none: null,
    bytes: Buffer.from([0xff, 0]),
    time: { "!": "timestamp", value: 1_700_000_000 },
    list: [1, "a", { deep: Buffer.from("b") }],
  };
  const properties = {
    headers,
    appId: "app",
    contentEncoding: "gzip",
    timestamp: 12,
    expiration: "60000",
    userId: "guest",
  };
  await publishTo(channel, entity.name, "rich", properties);
  const source = await reading(link, entity);
  const [bare, rich] = await take(source, 2);
  if (bare === undefined || rich === undefined) throw new Error("no message arrived");
  expect(bare.id).toBeUndefined();
  expect(bare.headers).toEqual(Object.create(null));
  expect(rich.sentAt).toBe(12_000);
  expect(rich.headers).toMatchObject({
    number: "5",
    yes: "true",
    bytes: "base64:/wA=",
    time: "2023-11-14T22:13:20.000Z",
  });
  await settle(source, { action: "ack", delivery: bare }, { action: "retry", delivery: rich, delay: 0, headers: {} });
  // The cast is true: natives are amqplib's messages.
  const { properties: second } = (await takeOne(source)).native as Message;
  const { expiration: _, ...kept } = properties;
  const { "x-delivery-count": __, ...secondHeaders } = second.headers ?? {};
  expect({ ...second, headers: secondHeaders }).toMatchObject(kept);
  expect(second.expiration).toBeUndefined();
});

test("a copy does not reach the queues that the original's CC names", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const other = await declared(link, queue(unique("queue")));
  const channel = await plain();
  await publishTo(channel, entity.name, "both", { CC: [other.name] });
  const source = await reading(link, entity);
  const delivery = await takeOne(source);
  expect(await settle(source, { action: "retry", delivery, delay: 0, headers: {} })).toEqual([undefined]);
  await take(source, 1);
  expect(await link.stats(other, live)).toMatchObject({ ready: 1 });
});
