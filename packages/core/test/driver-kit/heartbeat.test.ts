import { expect, test } from "vitest";
import { heartbeatOf } from "../../src/driver-kit/heartbeat.ts";

test.each([
  [100, 1_000],
  [3_000, 1_000],
  [10_000, 3_333],
  [30_000, 10_000],
  [300_000, 10_000],
])("with a lease of %i ms the heartbeat is %i ms: a third, from 1 s to 10 s", (lease, heartbeat) => {
  expect(heartbeatOf(lease)).toBe(heartbeat);
});
