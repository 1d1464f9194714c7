import { conformance } from "@anybroker/conformance";
import { afterAll, inject, test } from "vitest";
import { backendOf } from "./backend.ts";
import { plainClient } from "./plain-client.ts";

const { url } = inject("redis");

if (url !== undefined) {
  const client = await plainClient(url);
  afterAll(() => client.close());
  conformance(
    backendOf("redis", url, client),
    { test: test.concurrent, after: afterAll },
    { report: "reports/conformance/redis.json" },
  );
}
