import {
  declared,
  live,
  message,
  queue,
  reading,
  settle,
  subscription,
  takeOne,
  topic,
} from "@anybroker-internal/testkit/link";
import { describe, expect, test } from "vitest";
import { accepted, open, plain, unique } from "./harness.ts";

/** The topics and groups whose names begin so. */
async function left(name: string): Promise<readonly string[]> {
  const { admin } = await plain();
  const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId);
  return [...(await admin.listTopics()), ...groups].filter((one) => one.startsWith(name));
}

describe.each(["kafkajs", "platformatic"] as const)("with %s", (client) => {
  test("neither a topic nor a group of a queue is left, even under a consumer", async () => {
    const link = await open({ client });
    const entity = await declared(link, queue(unique("queue")));
    await accepted(link, entity, [message("a"), message("b")]);
    const source = await reading(link, entity);
    await settle(source, { action: "deadLetter", delivery: await takeOne(source), headers: {} });
    expect(await left(entity.name)).toHaveLength(10);
    await link.remove?.([entity], live);
    await source.lost;
    expect(await left(entity.name)).toEqual([]);
  });

  test("a topic goes with its subscriptions, also those with another name on the server", async () => {
    const [parent, theirs] = [topic(unique("topic")), unique("theirs")];
    const link = await open({ client, naming: { subscriptions: { [`${parent.name}/mapped`]: theirs } } });
    const [audit, mapped] = [subscription(parent, "audit"), subscription(parent, "mapped")];
    for (const entity of [audit, mapped]) await declared(link, entity);
    await link.remove?.([audit], live);
    expect(await left(`${parent.name}.sub`)).toEqual([]);
    expect(await left(theirs)).toHaveLength(9);
    await declared(link, audit);
    await link.remove?.([parent], live);
    expect(await left(parent.name)).toEqual([]);
    expect(await left(theirs)).toEqual([]);
  });
});
