import { conformance } from "@anybroker/conformance";
import { redis as redisServer } from "@anybroker-internal/testkit/brokers/redis";
import { afterAll, test } from "vitest";
import { backendOf } from "./backend.ts";
import { plainClient } from "./plain-client.ts";

const way = await redisServer.find();

if (way.by === "machine") {
  const server = await redisServer.start({ cluster: true });
  const client = await plainClient(server.url);
  afterAll(async () => {
    await client.close();
    await server.stop();
  });
  conformance(backendOf("redis-cluster", server.url, client), { test: test.concurrent, after: afterAll });
} else {
  test.skip("a Cluster is started on this machine only");
}
