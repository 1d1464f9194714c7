import { expect, test } from "vitest";
import { openWithin } from "../../src/base/open-within.ts";
import { settled } from "../manual-clock.ts";

/** An opening that the test ends, and what was closed. */
function opening() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const closed: string[] = [];
  const abort = new AbortController();
  const close = (late: string): void => void closed.push(late);
  return { result: openWithin(promise, abort.signal, close), resolve, reject, closed, abort };
}

test("what opens in time is returned, and stays open", async () => {
  const { result, resolve, closed, abort } = opening();
  resolve("link");
  expect(await result).toBe("link");
  abort.abort();
  await settled();
  expect(closed).toEqual([]);
});

test("an abort rejects at once with its reason; what opens later is closed", async () => {
  const { result, resolve, closed, abort } = opening();
  const reason = new Error("too slow");
  abort.abort(reason);
  await expect(result).rejects.toBe(reason);
  resolve("late link");
  await settled();
  expect(closed).toEqual(["late link"]);
});

test("an opening that fails rejects with its error, and nothing is closed", async () => {
  const { result, reject, closed } = opening();
  reject(new Error("refused"));
  await expect(result).rejects.toThrow("refused");
  await settled();
  expect(closed).toEqual([]);
});

test("an opening that fails after the abort is no unhandled rejection", async () => {
  const { result, reject, abort } = opening();
  abort.abort(new Error("too slow"));
  await expect(result).rejects.toThrow("too slow");
  reject(new Error("refused"));
  await settled();
});

test("a close that fails is no unhandled rejection", async () => {
  const abort = new AbortController();
  const { promise, resolve } = Promise.withResolvers<string>();
  const result = openWithin(promise, abort.signal, () => Promise.reject(new Error("cannot close")));
  abort.abort(new Error("too slow"));
  await expect(result).rejects.toThrow("too slow");
  resolve("late link");
  await settled();
});
