import { expect, test } from "vitest";
import { manualClock } from "../../src/index.ts";

test("the clock stands still until it is moved, and starts at the given time", async () => {
  const clock = manualClock(new Date("2030-01-01"));
  expect(clock.now()).toBe(Date.UTC(2030, 0, 1));
  await clock.advance(1_500);
  expect(clock.now()).toBe(Date.UTC(2030, 0, 1) + 1_500);
});

test("timers run in the order of time, each at its own time, and so do timers that they set", async () => {
  const clock = manualClock(0);
  const ran: string[] = [];
  const log = (name: string) => () => void ran.push(`${name}@${clock.now()}`);
  clock.after(30, log("c"));
  clock.after(10, () => {
    log("a")();
    clock.after(5, log("b"));
    clock.after(500, log("never"));
  });
  clock.after(30, log("d"));
  clock.after(20, log("cancelled"))();
  await clock.advance(29);
  expect(ran).toEqual(["a@10", "b@15"]);
  await clock.advance(1);
  expect(ran).toEqual(["a@10", "b@15", "c@30", "d@30"]);
});

test("promises settle between timers", async () => {
  const clock = manualClock(0);
  const ran: string[] = [];
  const sleep = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
  const work = async (name: string) => {
    for (let turn = 0; turn < 3; turn += 1) {
      await sleep(10);
      ran.push(`${name}@${clock.now()}`);
    }
  };
  const both = Promise.all([work("a"), work("b")]);
  await clock.advance(30);
  await both;
  expect(ran).toEqual(["a@10", "b@10", "a@20", "b@20", "a@30", "b@30"]);
});

test("calls of advance wait for each other, and a wrong argument is a TypeError", async () => {
  const clock = manualClock(0);
  await Promise.all([clock.advance(5), clock.advance(7)]);
  expect(clock.now()).toBe(12);
  for (const ms of [-1, 0.5, Number.NaN]) expect(() => clock.advance(ms)).toThrow(TypeError);
});
