import type { Subject } from "@anybroker/conformance";
import { connect, type Driver, memory } from "@anybroker/memory";

/** The embedded broker as the suite sees it, every driver of which goes through a function; and how to let go of it. */
export async function memoryBackend(
  name: string,
  around: (driver: Driver) => Driver,
): Promise<{ readonly backend: Subject; close(): Promise<void> }> {
  const broker = await connect(memory({ name }));
  const backend: Subject = {
    name,
    driver: () => memory({ name }),
    around,
    patience: 1_500,
    lease: 1_000,
    remove: async (what) => {
      if ("queue" in what) broker.native?.delete("queue", what.queue);
      else if ("subscription" in what) broker.native?.delete("subscription", `${what.topic}.sub.${what.subscription}`);
      else broker.native?.delete("topic", what.topic);
    },
  };
  return { backend, close: () => broker.close() };
}
