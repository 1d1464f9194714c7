import { readFileSync } from "node:fs";
import type { Benchmark } from "../contender.ts";
import { clientOf } from "./client.ts";

const manifest = new URL("../package.json", import.meta.resolve("ioredis"));
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };

/** Redis against ioredis. */
export const redis: Benchmark = {
  client: `ioredis ${version}`,
  contenders: {
    plain: async () => (await import("./plain.ts")).open,
    expert: async () => (await import("./expert.ts")).open,
    ours: async () => (await import("./ours.ts")).open,
  },
  async start() {
    // Imported here, so that the processes of the contenders do not load it.
    const { redis: server } = await import("@anybroker-internal/testkit/brokers/redis");
    // Otherwise Redis rewrites its whole log now and then, in another process, in the middle of a run.
    const { url, version, stop } = await server.start({ config: ["--auto-aof-rewrite-percentage", "0"] });
    return { url, version: `Redis ${version}`, stop };
  },
  async clean(url, queue, mustBeEmpty) {
    const client = clientOf(url);
    const left = await client.xlen(`{${queue}}`);
    await client.del(`{${queue}}`, `{${queue}}.dlq`);
    await client.quit();
    if (mustBeEmpty && left > 0) throw new Error(`${left} messages of ${queue} were not acked`);
  },
};
