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
  },
  { test: test.concurrent, after: afterAll },
  { report: "reports/conformance/memory.json" },
);
