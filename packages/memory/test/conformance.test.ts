import { conformance } from "@anybroker/conformance";
import { connect, memory } from "@anybroker/memory";
import { afterAll, test } from "vitest";

const name = "conformance";
const broker = await connect(memory({ name }));
afterAll(() => broker.close());

conformance(
  {
    name: "memory",
    driver: () => memory({ name }),
    patience: 3_000,
    lease: 1_000,
    remove: async (what) => {
      if ("queue" in what) broker.native?.delete("queue", what.queue);
      else if ("subscription" in what) broker.native?.delete("subscription", `${what.topic}.sub.${what.subscription}`);
      else broker.native?.delete("topic", what.topic);
    },
  },
  { test: test.concurrent, after: afterAll },
  { report: "reports/conformance/memory.json" },
);
