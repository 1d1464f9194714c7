import { DELAY_STEPS } from "@anybroker/core/driver";
import { declared, live, message, queue, sent, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { classify } from "../src/errors.ts";
import { open, plain, unique } from "./harness.ts";

/** Which of the queues or exchanges exist. */
async function existing(kind: "checkQueue" | "checkExchange", names: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    names.map(async (name) => {
      const channel = await plain();
      return channel[kind](name).then(
        () => [name],
        () => [],
      );
    }),
  );
  return found.flat();
}

test("a topic goes with its exchanges and delay steps, and stays while a queue is bound to it", async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  const steps = DELAY_STEPS.map((ms) => `${parent.name}.delay.${ms}`);
  const exchanges = [parent.name, `${parent.name}.sub`, `${parent.name}.undelayed`, ...steps];
  await declared(link, subscription(parent, "s", { filter: { a: ["1"] } }));
  await declared(link, subscription(parent, "t"));
  await sent(link, parent, [message("later", { deliverAt: Date.now() + 600_000 })]);
  const channel = await plain();
  const theirs = unique("theirs");
  await channel.assertQueue(theirs);
  await channel.bindQueue(theirs, parent.name, "#");
  const before = await existing("checkExchange", exchanges);
  const taken = [250, 600_000].map((ms) => `${parent.name}.delay.${ms}`);
  expect(before).toEqual([parent.name, `${parent.name}.sub`, `${parent.name}.undelayed`, ...taken]);
  for (const left of [["s", "t"], ["t"], []]) {
    const error: unknown = await link.remove?.([parent], live).catch((reason: unknown) => reason);
    expect(classify(error)).toMatchObject({ code: "REJECTED", retryable: false });
    expect(String(error)).toContain(parent.name);
    const [first] = left;
    if (first !== undefined) await link.remove?.([subscription(parent, first)], live);
  }
  await channel.unbindQueue(theirs, parent.name, "#");
  await link.remove?.([parent], live);
  expect(await existing("checkExchange", exchanges)).toEqual([]);
  expect(await existing("checkQueue", [`${parent.name}.undelayed`, ...steps])).toEqual([]);
});

test("a queue goes with its delay steps and dead letters, and its consumers are told before the call returns", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  await sent(link, entity, [message("later", { deliverAt: Date.now() + 600_000 }), message("now")]);
  const channel = await plain();
  let told = false;
  await channel.consume(entity.name, (delivery) => {
    told ||= delivery === null;
  });
  await link.remove?.([entity], live);
  // What the server has written before its response to this is here by then.
  await channel.checkExchange("amq.direct");
  expect(told).toBe(true);
  const names = [entity.name, `${entity.name}.dlq`, ...DELAY_STEPS.map((ms) => `${entity.name}.delay.${ms}`)];
  expect(await existing("checkQueue", names)).toEqual([]);
});
