import { randomUUID } from "node:crypto";
import { DELAY_STEPS, type Link, type TopologyMode } from "@anybroker/core/driver";
import { serverOf } from "@anybroker-internal/testkit/brokers/given";
import { linked } from "@anybroker-internal/testkit/link";
import { type Channel, type ConfirmChannel, connect, type Options } from "amqplib";
import { expect, onTestFinished } from "vitest";
import { type RabbitmqOptions, rabbitmq } from "../src/index.ts";
import type { RabbitmqNative } from "../src/link.ts";

/** The server that the run was given. A test that asks without one ends, skipped or failed. */
export const server: { readonly url: string; readonly major: number; readonly minor: number } = {
  get url() {
    return serverOf("rabbitmq").url;
  },
  get major() {
    return versionPart(0);
  },
  get minor() {
    return versionPart(1);
  },
};

const versionPart = (index: number): number => Number(serverOf("rabbitmq").version.split(".")[index]);

export type TestLink = Link<RabbitmqNative>;

/** A link that ends with the test. */
export function open(
  options: Partial<RabbitmqOptions> = {},
  context?: { readonly topology?: TopologyMode; readonly lease?: number },
): Promise<TestLink> {
  return linked(rabbitmq({ url: server.url, ...options }), context);
}

/** A channel of amqplib alone, as another program would use the same server. It ends with the test. */
export async function plain(url = server.url): Promise<ConfirmChannel> {
  const connection = await connect(url);
  connection.on("error", () => {});
  const channel = await connection.createConfirmChannel();
  channel.on("error", () => {});
  onTestFinished(() => connection.close().catch(() => {}));
  return channel;
}

/** Publishes to a queue with amqplib alone. Resolves once the message is confirmed. */
export function publishTo(
  channel: ConfirmChannel,
  queue: string,
  body: string,
  options: Options.Publish = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.sendToQueue(queue, Buffer.from(body), options, (error) => (error ? reject(error) : resolve()));
  });
}

/** A name that no other test has. Its queues and exchanges are deleted after the test. */
export function unique(what = "it"): string {
  const name = `${what}-${randomUUID().slice(0, 8)}z`;
  const { url } = server;
  onTestFinished(async () => {
    const connection = await connect(url);
    const channel = await connection.createChannel();
    const steps = DELAY_STEPS.map((ms) => `${name}.delay.${ms}`);
    const names = [name, ...steps, `${name}.undelayed`, `${name}.sub`];
    for (const queue of [name, `${name}.dlq`, `${name}.undelayed`, ...steps]) await channel.deleteQueue(queue);
    for (const sub of ["s", "t"]) {
      for (const end of ["", ".dlq", ...DELAY_STEPS.map((ms) => `.delay.${ms}`)]) {
        await channel.deleteQueue(`${name}.sub.${sub}${end}`);
      }
    }
    for (const exchange of names) await channel.deleteExchange(exchange);
    await connection.close();
  });
  return name;
}

/** Expects this many messages to be ready in a queue, before long. */
export function expectReady(channel: Channel, queue: string, count: number): Promise<void> {
  return expect.poll(async () => (await channel.checkQueue(queue)).messageCount, { timeout: 5_000 }).toBe(count);
}
