import { expect, test } from "vitest";
import { Ending } from "../../src/driver-kit/ending.ts";

test("the first reason ends it, later ones do nothing", async () => {
  const freed: unknown[] = [];
  const ending = new Ending((reason) => freed.push(reason));
  expect(ending.over).toBe(false);
  ending.end("socket closed");
  ending.end("closed by us");
  expect(ending.over).toBe(true);
  expect(freed).toEqual(["socket closed"]);
  expect(await ending.lost).toBe("socket closed");
});

test("what must be freed is freed before anyone learns of the end", async () => {
  const order: string[] = [];
  const ending = new Ending(() => order.push("freed"));
  const announced = ending.lost.then(() => order.push("lost"));
  ending.end(undefined);
  order.push("end returned");
  await announced;
  expect(order).toEqual(["freed", "end returned", "lost"]);
});

test("an end inside the freeing does nothing", async () => {
  const ending: Ending = new Ending(() => ending.end("again"));
  ending.end("first");
  expect(await ending.lost).toBe("first");
});

test("it is over while it frees", () => {
  let over: boolean | undefined;
  const ending: Ending = new Ending(() => {
    over = ending.over;
  });
  ending.end("x");
  expect(over).toBe(true);
});

test("its end can be an event listener", async () => {
  const ending = new Ending();
  const { end } = ending;
  end("closed");
  expect(await ending.lost).toBe("closed");
});
