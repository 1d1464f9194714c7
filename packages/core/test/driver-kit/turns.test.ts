import { expect, test } from "vitest";
import { Turns } from "../../src/driver-kit/turns.ts";
import { settled } from "../manual-clock.ts";

const live = new AbortController().signal;

/** Work that the test ends, and a log of what began. */
function bench() {
  const turns = new Turns<string>();
  const begun: string[] = [];
  const start = (key: string, name: string, signal: AbortSignal = live) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const result = turns.run(key, signal, () => {
      begun.push(name);
      return promise;
    });
    return { result, end: () => resolve(name), fail: () => reject(new Error(`${name} failed`)) };
  };
  return { begun, start };
}

test("work of one key runs one after the other, work of different keys side by side", async () => {
  const { begun, start } = bench();
  const first = start("a", "a1");
  const second = start("a", "a2");
  const other = start("b", "b1");
  await settled();
  expect(begun).toEqual(["a1", "b1"]);
  first.end();
  expect(await first.result).toBe("a1");
  await settled();
  const third = start("a", "a3");
  await settled();
  expect(begun).toEqual(["a1", "b1", "a2"]);
  for (const work of [second, third, other]) work.end();
  expect(await Promise.all([second.result, third.result, other.result])).toEqual(["a2", "a3", "b1"]);
});

test("work that fails rejects, and the next of its key runs", async () => {
  const { begun, start } = bench();
  const first = start("a", "a1");
  const second = start("a", "a2");
  first.fail();
  await expect(first.result).rejects.toThrow("a1 failed");
  second.end();
  expect(await second.result).toBe("a2");
  expect(begun).toEqual(["a1", "a2"]);
});

test("work whose signal aborts while it waits rejects at once, and never runs", async () => {
  const { begun, start } = bench();
  const abort = new AbortController();
  const first = start("a", "a1");
  const second = start("a", "a2", abort.signal);
  const third = start("a", "a3");
  abort.abort(new Error("given up"));
  await expect(second.result).rejects.toThrow("given up");
  first.end();
  third.end();
  expect(await third.result).toBe("a3");
  expect(begun).toEqual(["a1", "a3"]);
});

test("work whose signal aborts while it runs rejects at once, and keeps its turn until it has ended", async () => {
  const { begun, start } = bench();
  const abort = new AbortController();
  const first = start("a", "a1", abort.signal);
  await settled();
  const second = start("a", "a2");
  abort.abort(new Error("given up"));
  await expect(first.result).rejects.toThrow("given up");
  await settled();
  expect(begun).toEqual(["a1"]);
  first.end();
  second.end();
  expect(await second.result).toBe("a2");
});
