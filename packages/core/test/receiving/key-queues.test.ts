import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyQueues } from "../../src/receiving/key-queues.ts";

interface Item {
  readonly id: undefined;
  readonly key: string | undefined;
  readonly turn: number;
  readonly isSuspect: boolean;
  readonly evidence: number;
}

const itemOf = (key: string | undefined, turn: number): Item => ({
  id: undefined,
  key,
  turn,
  isSuspect: false,
  evidence: 0,
});

type Step =
  | { readonly do: "push"; readonly key: string | undefined }
  | { readonly do: "take"; readonly most: number }
  | { readonly do: "free" | "put back"; readonly which: number }
  | { readonly do: "remove"; readonly which: number };

/** A message without a key has the empty one. */
const keyOf = ({ key }: Item): string => key ?? "";

const keys = fc.constantFrom("a", "b", "c", undefined);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("push" as const), key: keys }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("take" as const), most: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("free" as const, "put back" as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), which: fc.nat(2) }) },
);

/** Does the same to the queues and to a model: the messages that wait, in their order, and those that were taken. */
function compare(ordered: boolean, steps: readonly Step[]): void {
  const queues = new KeyQueues<Item>(ordered);
  let waiting: Item[] = [];
  const taken: Item[] = [];
  const canBeTaken = (item: Item): boolean => {
    if (!ordered) return true;
    const first = waiting.find((other) => keyOf(other) === keyOf(item));
    return first === item && !taken.some((other) => keyOf(other) === keyOf(item));
  };
  const take = (item: Item | undefined): void => {
    if (item === undefined) return expect(waiting.filter(canBeTaken)).toEqual([]);
    expect(waiting.filter(canBeTaken)).toContain(item);
    waiting = waiting.filter((other) => other !== item);
    taken.push(item);
  };
  let turn = 0;
  const run = (one: Step): void => {
    switch (one.do) {
      case "push": {
        turn += 1;
        const item = itemOf(one.key, turn);
        queues.push(item);
        waiting.push(item);
        return;
      }
      case "take": {
        const first = queues.take();
        take(first);
        const more = queues.takeMore(one.most - 1);
        expect(more.length).toBeLessThan(one.most);
        for (const item of more) take(item);
        return;
      }
      case "remove": {
        const matches = (item: Item): boolean => item.turn % 3 === one.which;
        const removed = queues.remove(matches);
        expect(removed.toSorted((a, b) => a.turn - b.turn)).toEqual(
          waiting.filter(matches).toSorted((a, b) => a.turn - b.turn),
        );
        waiting = waiting.filter((item) => !matches(item));
        return;
      }
      case "free":
      case "put back": {
        const [item] = taken.splice(one.which % Math.max(1, taken.length), 1);
        if (item === undefined) return;
        if (one.do === "free") return queues.free(item);
        queues.putBack(item);
        waiting.unshift(item);
      }
    }
  };
  for (const one of steps) {
    run(one);
    expect(queues.size).toBe(waiting.length);
    expect(queues.ready).toBe(waiting.filter(canBeTaken).length);
  }
  // What is left comes out in the order of each key.
  for (const item of taken.splice(0)) queues.free(item);
  while (waiting.length > 0) {
    take(queues.take());
    for (const item of taken.splice(0)) queues.free(item);
  }
  expect(queues.take()).toBeUndefined();
}

describe("messages that wait for a handler", () => {
  test("on an ordered source are taken in the order of their key, never two of a key at once, and none is lost", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => compare(true, steps)));
  });

  test("on any other source are taken in any order, several of a key at once, and none is lost", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => compare(false, steps)));
  });

  test("on any other source come out as they came in", () => {
    const queues = new KeyQueues<Item>(false);
    const items = ["a", "a", undefined, "b"].map(itemOf);
    for (const item of items) queues.push(item);
    expect(queues.takeMore(10)).toEqual(items);
  });

  test("of keys with a backlog take turns", () => {
    const queues = new KeyQueues<Item>(true);
    for (const [turn, key] of ["a", "a", "a", "b", "b"].entries()) queues.push(itemOf(key, turn));
    const order: number[] = [];
    for (let item = queues.take(); item !== undefined; item = queues.take()) {
      order.push(item.turn);
      queues.free(item);
    }
    expect(order).toEqual([0, 3, 1, 4, 2]);
  });

  test("come before all others when they were put back", () => {
    const queues = new KeyQueues<Item>(true);
    for (const [turn, key] of ["a", "b", "a"].entries()) queues.push(itemOf(key, turn));
    const first = queues.take();
    if (first === undefined) throw new Error("nothing could be taken");
    queues.putBack(first);
    expect(queues.take()).toBe(first);
  });
});
