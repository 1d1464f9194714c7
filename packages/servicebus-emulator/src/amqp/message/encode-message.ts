import type { Lock, Message } from "../../entities/message.ts";
import { uuidBytes } from "../wire/uuid.ts";
import { Writer } from "../wire/writer.ts";
import type { AmqpContent } from "./content.ts";

const STATES: Readonly<Record<Message["state"], number>> = { active: 0, deferred: 1, scheduled: 2, gone: 0 };

const LOCK_TOKEN = symbol("x-opt-lock-token");
const SEQUENCE_NUMBER = symbol("x-opt-sequence-number");
const ENQUEUED_SEQUENCE_NUMBER = symbol("x-opt-enqueue-sequence-number");
const ENQUEUED_TIME = symbol("x-opt-enqueued-time");
const LOCKED_UNTIL = symbol("x-opt-locked-until");
const MESSAGE_STATE = symbol("x-opt-message-state");
const DEAD_LETTER_SOURCE = symbol("x-opt-deadletter-source");

/** Encodes a message as a client gets it. */
export function encodeMessage(message: Message, lock: Lock | undefined): Buffer {
  // Every message comes from a client, through AMQP.
  const content = message.content as AmqpContent;
  const writer = new Writer(content.size + 256);
  writeHeader(writer, content, message.deliveryCount);
  writeDeliveryAnnotations(writer, content, lock);
  writeMessageAnnotations(writer, content, message, lock);
  const { properties, applicationProperties, body } = content.parts;
  writer.raw(properties);
  if (applicationProperties !== undefined) writer.raw(applicationProperties);
  writer.raw(body);
  return writer.result();
}

function writeHeader(writer: Writer, { parts: { header } }: AmqpContent, deliveryCount: number): void {
  writer.section(0x70);
  const begun = writer.begin(0xd0);
  writer.byte(header.durable ? 0x41 : 0x42);
  writer.byte(0x50);
  writer.byte(header.priority);
  if (header.timeToLive === undefined) writer.byte(0x40);
  else writer.uint(header.timeToLive);
  writer.byte(0x42);
  writer.uint(deliveryCount);
  writer.end(begun, 5);
}

function writeDeliveryAnnotations(
  writer: Writer,
  { parts: { deliveryAnnotations } }: AmqpContent,
  lock: Lock | undefined,
): void {
  if (lock === undefined && deliveryAnnotations.count === 0) return;
  writer.section(0x71);
  const begun = writer.begin(0xd1);
  writer.raw(deliveryAnnotations.bytes);
  if (lock !== undefined) {
    writer.raw(LOCK_TOKEN);
    writer.byte(0x98);
    writer.raw(uuidBytes(lock.token));
  }
  writer.end(begun, deliveryAnnotations.count + (lock === undefined ? 0 : 2));
}

function writeMessageAnnotations(
  writer: Writer,
  { parts: { annotations } }: AmqpContent,
  message: Message,
  lock: Lock | undefined,
): void {
  writer.section(0x72);
  const begun = writer.begin(0xd1);
  writer.raw(annotations.bytes);
  writer.raw(ENQUEUED_TIME);
  writer.timestamp(message.enqueuedAt);
  writer.raw(SEQUENCE_NUMBER);
  writer.long(message.sequenceNumber);
  writer.raw(ENQUEUED_SEQUENCE_NUMBER);
  writer.long(message.enqueuedSequenceNumber);
  writer.raw(MESSAGE_STATE);
  writer.int(STATES[message.state]);
  let count = annotations.count + 8;
  if (lock !== undefined) {
    writer.raw(LOCKED_UNTIL);
    writer.timestamp(lock.until);
    count += 2;
  }
  if (message.deadLetterSource !== undefined) {
    writer.raw(DEAD_LETTER_SOURCE);
    writer.string(message.deadLetterSource);
    count += 2;
  }
  writer.end(begun, count);
}

function symbol(name: string): Buffer {
  return Buffer.from([0xa3, name.length, ...Buffer.from(name)]);
}
