import { expect, test } from "vitest";
import type { SettleResult } from "../../src/contract/settlement.ts";
import { copyThenSettle } from "../../src/driver-kit/copy-then-settle.ts";
import { LEASE_LOST } from "../../src/driver-kit/failures.ts";

const broken = new Error("connection reset");

/** Runs the three steps, and notes those that were taken. */
async function move({ copy = true, isHeld = true, settle = undefined as SettleResult | Error } = {}) {
  const steps: string[] = [];
  const result = await copyThenSettle({
    copy: async () => {
      steps.push("copy");
      if (!copy) throw broken;
    },
    isHeld: () => isHeld,
    settle: async () => {
      steps.push("settle");
      if (settle instanceof Error) throw settle;
      return settle;
    },
  });
  return { result, steps };
}

test("the original is settled once its copy is confirmed", async () => {
  expect(await move()).toEqual({ result: undefined, steps: ["copy", "settle"] });
});

test("the original is not settled before its copy is confirmed", async () => {
  const confirm = Promise.withResolvers<void>();
  let settled = false;
  const moving = copyThenSettle({
    copy: () => confirm.promise,
    isHeld: () => true,
    settle: () => {
      settled = true;
      return undefined;
    },
  });
  await new Promise(setImmediate);
  expect(settled).toBe(false);
  confirm.resolve();
  expect(await moving).toBeUndefined();
  expect(settled).toBe(true);
});

test("a copy that was refused leaves the delivery with its consumer", async () => {
  expect(await move({ copy: false })).toEqual({ result: { error: broken, lost: false }, steps: ["copy"] });
});

test("a delivery that was lost meanwhile is not settled", async () => {
  expect(await move({ isHeld: false })).toEqual({ result: LEASE_LOST, steps: ["copy"] });
});

test("the result of settling the original is the result of all", async () => {
  const failure = { error: broken, lost: false };
  expect((await move({ settle: failure })).result).toBe(failure);
});

test("settling that throws means that the delivery is lost: its copy exists, so it must not be copied again", async () => {
  expect((await move({ settle: broken })).result).toEqual({ error: broken, lost: true });
});
