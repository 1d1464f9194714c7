import { BrokerError } from "@anybroker/core";
import { message, queue, sent } from "@anybroker-internal/testkit/link";
import { type Channel, type ChannelModel, connect } from "amqplib";
import { expect, onTestFinished, test, vi } from "vitest";
import { classify } from "../src/errors.ts";
import { open, server, unique } from "./harness.ts";

/** The error that amqplib reports when a channel or connection is made to fail. */
async function provoked(
  doIt: (channel: Channel, connection: ChannelModel, other: Channel) => Promise<unknown>,
): Promise<unknown> {
  const connections = await Promise.all([connect(server.url), connect(server.url)]);
  const channels = await Promise.all(connections.map((one) => one.createChannel()));
  const failed = new Promise((resolve) => {
    for (const one of [...connections, ...channels]) one.on("error", resolve);
    for (const one of connections) one.on("close", (error) => resolve(error));
  });
  onTestFinished(async () => {
    for (const one of connections) await one.close().catch(() => {});
  });
  const [channel, other] = channels;
  const [connection] = connections;
  if (channel === undefined || other === undefined || connection === undefined) throw new Error("no connection");
  return doIt(channel, connection, other).then(
    () => failed,
    // When the whole connection ended, its own error says why.
    (error: unknown) => (/Channel ended/.test(String(error)) ? failed : error),
  );
}

test.each<[string, string, boolean, Parameters<typeof provoked>[0]]>([
  ["a missing queue", "NOT_FOUND", false, (channel) => channel.checkQueue(unique("none"))],
  [
    "a publish to a missing exchange",
    "NOT_FOUND",
    false,
    async (channel) => channel.publish(unique("none"), "", Buffer.of()),
  ],
  [
    "another connection's exclusive queue",
    "UNAVAILABLE",
    true,
    async (channel, _, other) => {
      const { queue: name } = await other.assertQueue("", { exclusive: true });
      await channel.checkQueue(name);
    },
  ],
  [
    "a queue with other arguments",
    "DRIFT",
    false,
    async (channel) => {
      const name = unique("queue");
      await channel.assertQueue(name);
      await channel.assertQueue(name, { arguments: { "x-max-length": 5 } });
    },
  ],
  [
    "an ack of a message that was never delivered",
    "REJECTED",
    false,
    async (channel) => channel.ack({ fields: { deliveryTag: 99 } } as never),
  ],
  ["a name that is reserved for the server", "FORBIDDEN", false, (channel) => channel.assertQueue(`amq.${unique()}`)],
  [
    "a request that the queue does not support",
    "UNSUPPORTED",
    false,
    async (channel) => {
      const name = unique("stream");
      await channel.assertQueue(name, { arguments: { "x-queue-type": "stream" } });
      await channel.get(name);
    },
  ],
  [
    "an exchange of an unknown type",
    "INVALID_CONFIG",
    false,
    (channel) => channel.assertExchange(unique(), "nonsense"),
  ],
  [
    "a closed channel",
    "UNAVAILABLE",
    true,
    async (channel) => {
      await channel.close();
      await channel.checkQueue("x");
    },
  ],
  [
    "a closed connection",
    "UNAVAILABLE",
    true,
    async (_, connection) => {
      await connection.close();
      await connection.createChannel();
    },
  ],
  [
    "headers beyond 64 KiB",
    "TOO_LARGE",
    false,
    async (channel) => channel.publish("", "x", Buffer.of(), { headers: { a: "x".repeat(70_000) } }),
  ],
  [
    "a property beyond 255 bytes",
    "TOO_LARGE",
    false,
    async (channel) => channel.publish("", "x", Buffer.of(), { type: "x".repeat(256) }),
  ],
])("%s is %s", async (_, code, retryable, doIt) => {
  expect(classify(await provoked(doIt))).toEqual({ code, retryable });
});

test("a full queue refuses messages: QUOTA, and a later try may succeed", async () => {
  const link = await open({}, { topology: "none" });
  const name = unique("full");
  const connection = await connect(server.url);
  const channel = await connection.createChannel();
  await channel.assertQueue(name, {
    arguments: { "x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish" },
  });
  // The server may accept some more before it notices.
  const refused = await vi.waitUntil(async () => {
    const fates = await sent(link, queue(name), [message("m")]);
    return fates.find((fate) => fate !== "accepted");
  });
  expect(refused).toMatchObject({ outcomeUnknown: false });
  expect(typeof refused === "object" && classify(refused.error)).toEqual({ code: "QUOTA", retryable: true });
  await connection.close();
});

// Errors that no test of reasonable length can provoke, with the texts of amqplib and Node.
test.each([
  ['Connection closed: 320 (CONNECTION-FORCED) with message "CONNECTION_FORCED - shutdown"', 320, "UNAVAILABLE", true],
  ["Heartbeat timeout", undefined, "UNAVAILABLE", true],
  ["Unexpected close", undefined, "UNAVAILABLE", true],
  ["connect ETIMEDOUT", undefined, "UNAVAILABLE", true],
  ["read ECONNRESET", "ECONNRESET", "UNAVAILABLE", true],
  ["getaddrinfo EAI_AGAIN broker", "EAI_AGAIN", "UNAVAILABLE", true],
  ["Socket closed abruptly during opening handshake", undefined, "UNAVAILABLE", true],
  [
    'Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out"',
    406,
    "UNAVAILABLE",
    true,
  ],
  ['Connection closed: 530 (NOT-ALLOWED) with message "NOT_ALLOWED"', 530, "FORBIDDEN", false],
  ['Connection closed: 506 (RESOURCE-ERROR) with message "RESOURCE_ERROR"', 506, "QUOTA", true],
  ['Connection closed: 541 (INTERNAL-ERROR) with message "INTERNAL_ERROR"', 541, "UNAVAILABLE", true],
  ["self-signed certificate in certificate chain", "SELF_SIGNED_CERT_IN_CHAIN", "INVALID_CONFIG", false],
  ["certificate has expired", "CERT_HAS_EXPIRED", "INVALID_CONFIG", false],
  ["tlsv13 alert certificate required", "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "UNAUTHORIZED", false],
  ["tlsv1 alert unknown ca", "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "UNAUTHORIZED", false],
  ["something new", undefined, "INTERNAL", false],
] as const)("%s", (text, code, meaning, retryable) => {
  expect(classify(Object.assign(new Error(text), code === undefined ? {} : { code }))).toEqual({
    code: meaning,
    retryable,
  });
});

test("a BrokerError keeps its code, and any value can be classified", () => {
  expect(classify(new BrokerError("QUOTA", "full", { retryable: true }))).toEqual({ code: "QUOTA", retryable: true });
  for (const thrown of [undefined, null, "text", 5, {}])
    expect(classify(thrown)).toEqual({ code: "INTERNAL", retryable: false });
});

test("a heartbeat in the middle of a handshake, from a server that was held up, is a failure for now", () => {
  const error = new Error("Expected ConnectionOpenOk; got <Heartbeat>");
  expect(classify(error)).toMatchObject({ code: "UNAVAILABLE", retryable: true });
});
