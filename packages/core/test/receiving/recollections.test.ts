import { expect, test } from "vitest";
import { type Recollection, Recollections } from "../../src/receiving/recollections.ts";
import { ManualClock } from "../manual-clock.ts";

const of = (failures: number): Recollection<never> => ({ survived: 1, failures, notBefore: 0, settleAgain: undefined });

test("what is known of a message is recalled once", () => {
  const recollections = new Recollections<never>(new ManualClock());
  expect(recollections.isEmpty).toBe(true);
  recollections.remember("a", of(2));
  expect(recollections.recall("b", 1)).toBeUndefined();
  expect(recollections.recall("a", 1)).toEqual(of(2));
  expect(recollections.recall("a", 1)).toBeUndefined();
  expect(recollections.isEmpty).toBe(true);
});

test("copies of a message that was sent twice are told apart by the broker's count", () => {
  const recollections = new Recollections<never>(new ManualClock());
  for (const survived of [12, 3, 7]) recollections.remember("a", { ...of(1), survived });
  expect([7, 13, undefined, 3].map((count) => recollections.recall("a", count)?.survived)).toEqual([
    7,
    12,
    3,
    undefined,
  ]);
  expect(recollections.isEmpty).toBe(true);
});

test("a message that has not come back for ten minutes is forgotten", async () => {
  const clock = new ManualClock();
  const recollections = new Recollections<never>(clock);
  recollections.remember("a", of(1));
  recollections.remember("b", of(1));
  await clock.advance(600_000);
  expect(recollections.recall("a", 1)).toEqual(of(1));
  await clock.advance(1);
  expect(recollections.recall("b", 1)).toBeUndefined();
});

test("of very many messages the oldest are forgotten", () => {
  const recollections = new Recollections<never>(new ManualClock());
  for (let index = 0; index <= 10_000; index += 1) recollections.remember(`${index}`, of(index));
  expect(recollections.recall("0", 1)).toBeUndefined();
  expect(recollections.recall("1", 1)).toEqual(of(1));
});
