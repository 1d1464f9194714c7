import fc from "fast-check";
import { expect, test } from "vitest";
import { Fifo } from "../../src/base/fifo.ts";

test("a Fifo behaves like an array, whatever is done to it", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("push" as const), value: fc.integer({ min: 1 }) }),
    fc.record({ do: fc.constant("shift" as const) }),
    fc.record({ do: fc.constant("unshift" as const), values: fc.array(fc.integer({ min: 1 }), { maxLength: 3 }) }),
    fc.record({ do: fc.constant("remove" as const), even: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const fifo = new Fifo<number>();
      let model: number[] = [];
      for (const one of steps) {
        if (one.do === "push") {
          fifo.push(one.value);
          model.push(one.value);
        } else if (one.do === "shift") {
          expect(fifo.shift()).toBe(model.shift());
        } else if (one.do === "unshift") {
          fifo.unshift(one.values);
          model.unshift(...one.values);
        } else {
          const fits = (value: number): boolean => (value % 2 === 0) === one.even;
          expect(fifo.remove(fits)).toEqual(model.filter(fits));
          model = model.filter((value) => !fits(value));
        }
        expect(fifo.size).toBe(model.length);
        expect(fifo.peek()).toBe(model[0]);
      }
    }),
  );
});

test("a Fifo keeps the order of 100,000 items while it frees the memory of those that left", () => {
  const fifo = new Fifo<number>();
  for (let value = 1; value <= 100_000; value += 1) fifo.push(value);
  let inOrder = 0;
  while (fifo.shift() === inOrder + 1) inOrder += 1;
  expect(inOrder).toBe(100_000);
  expect(fifo.size).toBe(0);
});
