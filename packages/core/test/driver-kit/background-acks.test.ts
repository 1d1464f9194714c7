import { expect, test } from "vitest";
import type { SettleResult } from "../../src/contract/settlement.ts";
import { BackgroundAcks } from "../../src/driver-kit/background-acks.ts";
import { settled } from "../manual-clock.ts";

/** Two requests may run; the test ends each of them. */
function acks() {
  const refusals: unknown[] = [];
  const background = new BackgroundAcks(2, (reason) => refusals.push(reason));
  const start = (): ((results: readonly SettleResult[]) => void) => {
    const { promise, resolve } = Promise.withResolvers<readonly SettleResult[]>();
    background.add(promise);
    return resolve;
  };
  return { background, refusals, start };
}

test("there is room until more requests run than may run at once, and again when one has ended", async () => {
  const { background, start } = acks();
  expect(background.room()).toBeUndefined();
  const end = start();
  start();
  expect(background.room()).toBeUndefined();
  start();
  const room = background.room();
  expect(room).toBeInstanceOf(Promise);
  let hasRoom = false;
  void room?.then(() => {
    hasRoom = true;
  });
  await settled();
  expect(hasRoom).toBe(false);
  end([undefined]);
  await room;
  expect(background.room()).toBeUndefined();
});

test("a flush resolves when every request has ended", async () => {
  const { background, start } = acks();
  const ends = [start(), start()];
  let flushed = false;
  const flush = background.flush().then(() => {
    flushed = true;
  });
  ends[0]?.([undefined]);
  await settled();
  expect(flushed).toBe(false);
  ends[1]?.([undefined]);
  await flush;
  expect(flushed).toBe(true);
});

test("a flush of nothing resolves at once", async () => {
  expect(await acks().background.flush()).toBeUndefined();
});

test("what the broker refuses is reported once for each request, with the first reason", async () => {
  const { background, refusals, start } = acks();
  start()([undefined, { error: "no such group", lost: true }, { error: "second", lost: true }]);
  start()([undefined]);
  await background.flush();
  expect(refusals).toEqual(["no such group"]);
});
