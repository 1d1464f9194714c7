import { connect } from "@anybroker/redis";
import { redis } from "@anybroker-internal/testkit/brokers/redis";
import { faults } from "./faults.ts";

await faults({
  name: "redis",
  module: redis,
  async start() {
    const server = await redis.start({ config: ["--appendfsync", "always"] });
    return {
      ...server,
      // Confirmed data is on the disk.
      persist: async () => {},
      async remove(queue) {
        const keys = await server.call("KEYS", `{${queue}}*`);
        // The cast is true: Redis replies with a list of keys.
        for (const key of keys as readonly string[]) await server.call("DEL", key);
      },
    };
  },
  connect,
  impatient: (url) => `${url}?heartbeat=1000`,
});
