import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { inspect } from "node:util";
import { connect } from "@anybroker/core";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RedisOptions, redis } from "../src/index.ts";

const sockets = new Set<Socket>();

/** A server that refuses every password, and says nothing else. */
const server: Server = createServer((socket) => {
  sockets.add(socket);
  socket.on("error", () => {});
  socket.on("data", () => socket.write("-WRONGPASS invalid username-password pair or user is disabled.\r\n"));
});

beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

test.each<[string, Partial<RedisOptions>, string]>([
  ["a server", {}, "UNAUTHORIZED"],
  ["the nodes of a Cluster", { mode: "cluster" }, "UNAUTHORIZED"],
  ["the sentinels", { mode: "sentinel", sentinelUsername: "ada", sentinelPassword: "s3cret" }, "UNAVAILABLE"],
])("the password is not in the error of %s that refused it", async (_, options, code) => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const driver = redis({ url: `redis://ada:s3cret@127.0.0.1:${port}`, ...options });
  const error: unknown = await connect(driver, { connectTimeout: 1_000, logger: quietLogger }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code });
  expect(inspect(error, { depth: 20, showHidden: true })).toContain("WRONGPASS");
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain("s3cret");
  expect(JSON.stringify(error)).not.toContain("s3cret");
});
