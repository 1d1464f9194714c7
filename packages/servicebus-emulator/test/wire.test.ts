import { once } from "node:events";
import type { Connection } from "rhea";
import { expect, test } from "vitest";
import { emulatorForTest, plainClient } from "./with-emulator.ts";

/** Sends a request to the management node of an entity, and returns the answer. */
async function request(connection: Connection, entity: string, operation: string, body: object): Promise<unknown> {
  const node = `${entity}/$management`;
  const answers = connection.open_receiver({ source: node, target: "here", credit_window: 1 });
  const requests = connection.open_sender(node);
  await once(requests, "sendable");
  requests.send({
    message_id: "1",
    reply_to: "here",
    application_properties: { operation: `com.microsoft:${operation}` },
    body,
  });
  const [{ message }] = await once(answers, "message");
  answers.close();
  requests.close();
  return { status: message.application_properties.statusCode, body: message.body };
}

test("performatives have all their fields, because some clients index past the end of a shorter one", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const connection = plainClient(emulator.port);
  const receiver = connection.open_receiver("q");
  await once(receiver, "receiver_open");
  const countOf = (performative: unknown): number => (performative as { readonly value: unknown[] }).value.length;
  expect(countOf(connection.remote.open)).toBe(10);
  expect(countOf((receiver.session as unknown as Connection).remote.begin)).toBe(8);
  expect(countOf((receiver as unknown as Connection).remote.attach)).toBe(14);
});

test("an address may be a full URI", async () => {
  const emulator = await emulatorForTest();
  const { queue } = emulator.namespace.createQueue("folder/q");
  const sender = plainClient(emulator.port).open_sender("amqps://some.host/folder/q");
  await once(sender, "sendable");
  sender.send({ body: 1 });
  await once(sender, "accepted");
  expect(queue.count("active")).toBe(1);
});

test("a released message comes again without a delivery being counted", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const connection = plainClient(emulator.port);
  connection.open_sender("q").send({ body: 1 });
  const receiver = connection.open_receiver({ source: "q", autoaccept: false });
  const [first] = await once(receiver, "message");
  first.delivery.release();
  const [second] = await once(receiver, "message");
  expect(second.message.delivery_count).toBe(0);
  second.delivery.release({ delivery_failed: true });
  const [third] = await once(receiver, "message");
  expect(third.message.delivery_count).toBe(1);
});

test("sessions are listed, by their messages or by when their state was set", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q", { requiresSession: true });
  const connection = plainClient(emulator.port);
  const sender = connection.open_sender("q");
  await once(sender, "sendable");
  for (const group_id of ["a", "b"]) sender.send({ body: 1, group_id });
  await request(connection, "q", "set-session-state", { "session-id": "c", "session-state": Buffer.from("x") });
  const list = (time: Date): Promise<unknown> =>
    request(connection, "q", "get-message-sessions", { "last-updated-time": time, skip: 0, top: 10 });
  expect(await list(new Date(253_402_300_799_000))).toMatchObject({
    status: 200,
    body: { "sessions-ids": ["a", "b"] },
  });
  expect(await list(new Date(0))).toMatchObject({ status: 200, body: { "sessions-ids": ["c"] } });
  expect(await list(new Date(Date.now() + 60_000))).toMatchObject({ status: 204 });
});

test("a request that makes no sense is answered with an error", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const connection = plainClient(emulator.port);
  expect(await request(connection, "q", "dance", {})).toMatchObject({ status: 501 });
  expect(await request(connection, "q", "renew-lock", { "lock-tokens": "none" })).toMatchObject({ status: 400 });
  expect(await request(connection, "q", "renew-lock", {})).toMatchObject({ status: 400 });
  expect(
    await request(connection, "q", "schedule-message", { messages: [{ message: Buffer.from("no") }] }),
  ).toMatchObject({ status: 400 });
  expect(await request(connection, "nowhere", "peek-message", {})).toMatchObject({ status: 404 });
});

test("a client that ends its session takes no more messages", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const connection = plainClient(emulator.port);
  const session = connection.create_session();
  session.open();
  session.open_receiver({ source: "q", credit_window: 10 });
  await expect.poll(() => emulator.namespace.find("q")?.attachments.size).toBe(1);
  session.close();
  await expect.poll(() => emulator.namespace.find("q")?.attachments.size).toBe(0);
  connection.open_sender("q").send({ body: "for another" });
  const [{ message }] = await once(connection.open_receiver("q"), "message");
  expect(message.body).toBe("for another");
});
