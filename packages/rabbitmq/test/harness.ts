import { randomUUID } from "node:crypto";
import { DELAY_STEPS, type Link, type TopologyMode } from "@anybroker/core/driver";
import { serverOf } from "@anybroker-internal/testkit/brokers/given";
import { linked } from "@anybroker-internal/testkit/link";
import { type Channel, type ConfirmChannel, connect, type Options } from "amqplib";
import { expect, onTestFinished } from "vitest";
import type { RabbitmqNative } from "../src/driver.ts";
import { type RabbitmqOptions, rabbitmq } from "../src/index.ts";

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

/** amqplib by itself: what another program does to the same server. */
export async function plain(url = server.url): Promise<ConfirmChannel> {
  const connection = await connect(url);
  connection.on("error", () => {});
  const channel = await connection.createConfirmChannel();
  channel.on("error", () => {});
  onTestFinished(() => connection.close().catch(() => {}));
  return channel;
}

/** Publishes with plain amqplib, confirmed. */
export function put(
  channel: ConfirmChannel,
  queue: string,
  body: string,
  options: Options.Publish = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.sendToQueue(queue, Buffer.from(body), options, (error) => (error ? reject(error) : resolve()));
  });
}

/** A name of its own, whose queues and exchanges are deleted after the test. */
export function unique(what = "it"): string {
  const name = `${what}-${randomUUID().slice(0, 8)}z`;
  const { url } = server;
  onTestFinished(async () => {
    const connection = await connect(url);
    const channel = await connection.createChannel();
    const steps = DELAY_STEPS.map((ms) => `${name}.delay.${ms}`);
    const names = [name, ...steps, `${name}.delay`, `${name}.sub`];
    for (const queue of [name, `${name}.dlq`, `${name}.delay`, ...steps]) await channel.deleteQueue(queue);
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

/** How many messages are ready in a queue, once that is what is expected. */
export function ready(channel: Channel, name: string): { toBe(count: number): Promise<void> } {
  return {
    toBe: (count) =>
      expect.poll(async () => (await channel.checkQueue(name)).messageCount, { timeout: 5_000 }).toBe(count),
  };
}
