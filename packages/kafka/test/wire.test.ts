import type { OutgoingMessage } from "@anybroker/core/driver";
import { expect, test } from "vitest";
import type { KafkaRecord, NewRecord } from "../src/protocol/records.ts";
import { copyOf, KafkaDelivery, notBeforeOf, toRecord } from "../src/wire.ts";

const message = (fields: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  id: "id-1",
  body: Buffer.from("body"),
  contentType: undefined,
  headers: {},
  key: undefined,
  type: undefined,
  correlationId: undefined,
  replyTo: undefined,
  sentAt: 1_000,
  deliverAt: undefined,
  priority: undefined,
  ...fields,
});

/** The record as the server returns it: everything in it is bytes. */
function stored({ key, value, headers, timestamp }: NewRecord): KafkaRecord {
  const bytes = (one: string | Buffer | null): Buffer => Buffer.from(one ?? "");
  return {
    topic: "q",
    partition: 2,
    offset: 7,
    timestamp,
    value,
    key: key === null ? null : bytes(key),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, header]) => [
        name,
        header === null || typeof header === "string" || Buffer.isBuffer(header) ? bytes(header) : header.map(bytes),
      ]),
    ),
  };
}

const fieldsOf = (delivery: KafkaDelivery): unknown => {
  const { id, key, type, contentType, correlationId, replyTo, sentAt, headers, body } = delivery;
  return { id, key, type, contentType, correlationId, replyTo, sentAt, headers: { ...headers }, body: String(body) };
};

const full = {
  id: "i",
  key: "k-ü",
  type: "t",
  contentType: "application/json",
  correlationId: "c",
  replyTo: "r",
  sentAt: 1_234,
  headers: { a: "1", "x-ü": "ü", empty: "" },
};

test("a message comes back as it was sent", () => {
  const delivery = new KafkaDelivery(stored(toRecord(message(full))), 0);
  expect(fieldsOf(delivery)).toEqual({ ...full, body: "body" });
  expect(delivery.position).toBe("q/2/7");
});

test("a field that is not set is not written, and a plain message has no header of ours", () => {
  const record = toRecord(message());
  expect(record).toEqual({
    key: null,
    value: Buffer.from("body"),
    headers: { "message-id": "id-1" },
    timestamp: 1_000,
  });
  expect(new KafkaDelivery(stored(record), 0)).toMatchObject({ key: undefined, type: undefined, replyTo: undefined });
});

test("a header of the sender with the name of a property stays the sender's, with the property and without it", () => {
  const headers = { "content-type": "mine", "reply-to": "mine too" };
  const delivery = new KafkaDelivery(stored(toRecord(message({ headers, contentType: "text/plain" }))), 0);
  expect({ ...delivery.headers }).toEqual(headers);
  expect([delivery.contentType, delivery.replyTo]).toEqual(["text/plain", undefined]);
});

test("a copy has the same bytes, changed headers, and the time at which it was first sent", () => {
  const blob = Buffer.from([0, 255]);
  const original = {
    ...stored(toRecord(message(full))),
    headers: { blob, list: [Buffer.from("1"), blob], "anybroker-not-before": Buffer.from("5") },
  };
  const copy = copyOf(original, { "anybroker-attempt": "1", "anybroker-not-before": undefined }, 9_999.5);
  expect(copy).toEqual({
    key: original.key,
    value: original.value,
    timestamp: 9_999,
    headers: { blob, list: [Buffer.from("1"), blob], "anybroker-attempt": "1", "anybroker-sent-at": "1234" },
  });
  const again = copyOf(stored(copy), {}, 20_000);
  expect(new KafkaDelivery(stored(again), 0).sentAt).toBe(1_234);
});

/** A record of another client, written at the time 5. */
const foreign = (headers: KafkaRecord["headers"], key: Buffer | null = null): KafkaRecord => ({
  ...stored(toRecord(message({ sentAt: 5 }))),
  key,
  headers,
});

test("a foreign header with the name of one of ours hides neither the key nor a property nor the time", () => {
  const [wrong, twice] = [Buffer.from("wrong"), [Buffer.from("1"), Buffer.from("2")]];
  for (const value of [wrong, twice, null]) {
    const names = ["key", "sent-at", "message-id", "content-type", "not-before"].map((name) => `anybroker-${name}`);
    const headers = Object.fromEntries(names.map((name) => [name, value]));
    const record = foreign({ ...headers, "reply-to": Buffer.from("r"), "anybroker-reply-to": twice }, Buffer.from("k"));
    const read = new KafkaDelivery(record, 0);
    expect(fieldsOf(read)).toMatchObject({ id: "q/2/7", key: "k", contentType: undefined, replyTo: "r", sentAt: 5 });
    expect(notBeforeOf(record)).toBeUndefined();
    expect(new KafkaDelivery(stored(copyOf(record, {}, 9_000)), 0).sentAt).toBe(5);
  }
});

test("a header of ours that comes more than once is left out, and a copy has it once", () => {
  const record = foreign({ "anybroker-attempt": [Buffer.from("3"), Buffer.from("4")], a: Buffer.from("1") });
  expect({ ...new KafkaDelivery(record, 0).headers }).toEqual({ a: "1" });
  expect(copyOf(record, { "anybroker-attempt": "1" }, 9_000).headers["anybroker-attempt"]).toBe("1");
});

test("a message of another client is a normal message", () => {
  const record = {
    topic: "q",
    partition: 0,
    offset: 3,
    timestamp: 5,
    key: Buffer.from([255]),
    value: null,
    headers: {
      Plain: Buffer.from("text"),
      blob: Buffer.from([255]),
      twice: [Buffer.from("a"), Buffer.from("b")],
      no: null,
    },
  };
  const delivery = new KafkaDelivery(record, 0);
  expect({ ...delivery.headers }).toEqual({ Plain: "text", blob: "base64:/w==", twice: '["a","b"]', no: "" });
  expect([delivery.id, delivery.key, delivery.body.length]).toEqual(["q/0/3", "base64:/w==", 0]);
});
