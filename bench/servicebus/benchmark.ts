import { readFileSync } from "node:fs";
import type { Benchmark } from "../contender.ts";
import { adminOf } from "./queue.ts";

const manifest = new URL("../package.json", import.meta.resolve("@azure/service-bus"));
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };

/** Azure Service Bus, as our emulator has it, against the SDK. */
export const servicebus: Benchmark = {
  client: `@azure/service-bus ${version}`,
  contenders: {
    plain: async () => (await import("./plain.ts")).open,
    expert: async () => (await import("./expert.ts")).open,
    ours: async () => (await import("./ours.ts")).open,
    ceiling: async () => (await import("./ceiling.ts")).open,
  },
  asked: {
    // At least this, or 0.9 of the ceiling.
    "send-256.rate": { floor: { plain: 2 } },
    "latency.p50": { above: 1 },
  },
  async start() {
    // Imported here, so that the processes of the contenders do not load it.
    const { servicebus: server } = await import("@anybroker-internal/testkit/brokers/servicebus");
    const { url, stop } = await server.start({});
    return { url, version: "the emulator of Azure Service Bus", stop };
  },
  async clean(url, queue, mustBeEmpty) {
    const admin = adminOf(url);
    const { totalMessageCount = 0 } = await admin.getQueueRuntimeProperties(queue);
    await admin.deleteQueue(queue);
    if (mustBeEmpty && totalMessageCount > 0)
      throw new Error(`${totalMessageCount} messages of ${queue} were not acked`);
  },
};
