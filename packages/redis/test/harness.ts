import { randomUUID } from "node:crypto";
import type { Link, TopologyMode } from "@anybroker/core/driver";
import { serverOf } from "@anybroker-internal/testkit/brokers/given";
import { linked } from "@anybroker-internal/testkit/link";
import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import { type RedisNative, type RedisOptions, redis } from "../src/index.ts";

/** The server that the run was given. A test that asks without one ends, skipped or failed. */
export const server: { readonly url: string } = {
  get url() {
    return serverOf("redis").url;
  },
};

export type TestLink = Link<RedisNative>;

/** Opens a link that ends with the test. */
export function open(
  options: Partial<RedisOptions> = {},
  context?: { readonly topology?: TopologyMode; readonly lease?: number },
): Promise<TestLink> {
  return linked(redis({ url: server.url, ...options }), context);
}

/** ioredis without anybroker: acts as another program that uses the same server. */
export function plain(url = server.url): Redis {
  const client = new Redis(url, { retryStrategy: null });
  client.on("error", () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

/** A unique name. Its keys are deleted after the test. */
export function unique(what = "it"): string {
  const name = `${what}-${randomUUID().slice(0, 8)}z`;
  const { url } = server;
  onTestFinished(async () => {
    const client = new Redis(url);
    client.on("error", () => {});
    const keys = await client.keys(`{${name}}*`);
    if (keys.length > 0) await client.del(...keys);
    await client.quit();
  });
  return name;
}
