import { expect, test } from "vitest";
import { PushBuffer } from "../../src/driver-kit/push-buffer.ts";
import { settled } from "../manual-clock.ts";

const live = new AbortController().signal;

test("what waits is taken at once, in its order, up to the maximum", async () => {
  const buffer = new PushBuffer<number>();
  for (const item of [1, 2, 3]) buffer.push(item);
  expect(buffer.size).toBe(3);
  expect(buffer.take(2, live)).toEqual([1, 2]);
  expect(buffer.take(2, live)).toEqual([3]);
  expect(buffer.size).toBe(0);
});

test("a take waits for the first item, and brings all that come in the same turn", async () => {
  const buffer = new PushBuffer<number>();
  const taking = buffer.take(10, live);
  for (const item of [1, 2, 3]) buffer.push(item);
  expect(await taking).toEqual([1, 2, 3]);
});

test("a take of less than comes leaves the rest for the next one", async () => {
  const buffer = new PushBuffer<number>();
  const taking = buffer.take(2, live);
  for (const item of [1, 2, 3]) buffer.push(item);
  expect(await taking).toEqual([1, 2]);
  expect(buffer.drain()).toEqual([3]);
});

test("an abort ends a take with nothing; what comes then waits for the next one", async () => {
  const buffer = new PushBuffer<number>();
  const abort = new AbortController();
  const taken: unknown[] = [];
  void Promise.resolve(buffer.take(10, abort.signal)).then((items) => taken.push(items));
  abort.abort();
  await settled();
  expect(taken).toEqual([[]]);
  buffer.push(1);
  expect(buffer.take(10, live)).toEqual([1]);
});

test("a take with an aborted signal returns at once what waits", () => {
  const buffer = new PushBuffer<number>();
  expect(buffer.take(10, AbortSignal.abort())).toEqual([]);
  buffer.push(1);
  expect(buffer.take(10, AbortSignal.abort())).toEqual([1]);
});

test("an item that comes at the moment of the abort is not lost", async () => {
  const buffer = new PushBuffer<number>();
  const abort = new AbortController();
  const taking = buffer.take(10, abort.signal);
  buffer.push(1);
  abort.abort();
  expect([...(await taking), ...buffer.drain()]).toEqual([1]);
});

test("after the end a take brings what is left, then nothing, and never waits", async () => {
  const buffer = new PushBuffer<number>();
  const taking = buffer.take(10, live);
  buffer.end();
  expect(await taking).toEqual([]);
  buffer.push(1);
  expect(buffer.take(10, live)).toEqual([1]);
  expect(buffer.take(10, live)).toEqual([]);
});
