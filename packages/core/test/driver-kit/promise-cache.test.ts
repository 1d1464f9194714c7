import { expect, test } from "vitest";
import { PromiseCache } from "../../src/driver-kit/promise-cache.ts";

/** Values of which the test says when they are there. */
function maker() {
  const made: PromiseWithResolvers<string>[] = [];
  const make = (): Promise<string> => {
    const value = Promise.withResolvers<string>();
    made.push(value);
    return value.promise;
  };
  return { made, make };
}

test("a value is made once for its key, while it is on its way and afterwards", async () => {
  const cache = new PromiseCache<string, string>();
  const { made, make } = maker();
  const first = cache.get("a", make);
  const second = cache.get("a", make);
  expect(cache.peek("a")).toBe(first);
  made[0]?.resolve("one");
  expect(await Promise.all([first, second])).toEqual(["one", "one"]);
  expect(await cache.get("a", make)).toBe("one");
  expect(made).toHaveLength(1);
});

test("keys have values of their own", async () => {
  const cache = new PromiseCache<string, string>();
  expect(await cache.get("a", async () => "one")).toBe("one");
  expect(await cache.get("b", async () => "two")).toBe("two");
  expect(cache.peek("c")).toBeUndefined();
});

test("a failure reaches all who wait for the value, and is not kept", async () => {
  const cache = new PromiseCache<string, string>();
  const { made, make } = maker();
  const waiting = [cache.get("a", make), cache.get("a", make)];
  made[0]?.reject(new Error("refused"));
  for (const one of waiting) await expect(one).rejects.toThrow("refused");
  expect(cache.peek("a")).toBeUndefined();
  const again = cache.get("a", make);
  made[1]?.resolve("one");
  expect(await again).toBe("one");
});

test("a value that was deleted is made again", async () => {
  const cache = new PromiseCache<string, string>();
  expect(await cache.get("a", async () => "one")).toBe("one");
  cache.delete("a");
  expect(cache.peek("a")).toBeUndefined();
  expect(await cache.get("a", async () => "two")).toBe("two");
});

test("the late failure of a deleted value does not take its successor away", async () => {
  const cache = new PromiseCache<string, string>();
  const { made, make } = maker();
  const deleted = cache.get("a", make);
  cache.delete("a");
  const successor = cache.get("a", make);
  made[0]?.reject(new Error("refused"));
  await expect(deleted).rejects.toThrow("refused");
  expect(cache.peek("a")).toBe(successor);
});
