import { conformance } from "@anybroker/conformance";
import { afterAll, inject, test } from "vitest";
import { backendOf } from "./backend.ts";
import { plainClient } from "./plain-client.ts";

const given = inject("redis");

if (given.url !== undefined) {
  const { url, restricted } = given;
  const client = await plainClient(url);
  afterAll(() => client.close());
  conformance(
    backendOf("redis", url, client, restricted),
    { test: test.concurrent, after: afterAll },
    { report: "reports/conformance/redis.json" },
  );
}
