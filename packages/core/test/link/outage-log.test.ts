import { expect, test } from "vitest";
import { BrokerError, type ErrorCode } from "../../src/base/errors.ts";
import { OutageLog } from "../../src/link/outage-log.ts";
import { ManualClock } from "../manual-clock.ts";
import { recordedLog } from "../recorded-log.ts";

const lost = new BrokerError("UNAVAILABLE", "connection to double: lost: reset", { retryable: true });
const failed = (code: ErrorCode): BrokerError => new BrokerError(code, `cannot connect to double: ${code}`);

function bench() {
  const lines: string[] = [];
  const clock = new ManualClock();
  const outages = new OutageLog(recordedLog(lines), clock, "double:");
  const failsEvery = async (ms: number, times: number): Promise<void> => {
    for (let count = 0; count < times; count += 1) {
      await clock.advance(ms);
      outages.failed(failed("UNAVAILABLE"));
    }
  };
  return { lines, clock, outages, failsEvery };
}

test("an outage has a line for its beginning, its first failed attempt, each minute and its end", async () => {
  const { lines, clock, outages, failsEvery } = bench();
  outages.up("Double 1");
  await clock.advance(5_000);
  outages.lost(lost);
  await failsEvery(1_000, 130);
  await clock.advance(500);
  outages.up("Double 2");
  expect(lines).toEqual([
    "info connected to double:: Double 1",
    "warn connection to double: lost: reset",
    "warn cannot connect to double: UNAVAILABLE",
    "warn still not connected after 61 s and 61 attempts: cannot connect to double: UNAVAILABLE",
    "warn still not connected after 121 s and 121 attempts: cannot connect to double: UNAVAILABLE",
    "info connected again to double: after 131 s: Double 2",
  ]);
});

test("an attempt that fails for another reason than the one before is told at once", async () => {
  const { lines, outages, failsEvery } = bench();
  outages.lost(lost);
  await failsEvery(1_000, 3);
  outages.failed(failed("UNAUTHORIZED"));
  outages.failed(failed("UNAUTHORIZED"));
  expect(lines.slice(2)).toEqual(["warn cannot connect to double: UNAUTHORIZED"]);
});

test("a short outage says how long it was", async () => {
  const { lines, clock, outages } = bench();
  outages.lost(lost);
  await clock.advance(1_240);
  outages.up("Double 1");
  expect(lines.slice(1)).toEqual(["info connected again to double: after 1.2 s: Double 1"]);
});
