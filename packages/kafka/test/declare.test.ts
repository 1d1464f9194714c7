import { DELAY_STEPS, retryStepName } from "@anybroker/core/driver";
import { declared, live, queue } from "@anybroker-internal/testkit/link";
import { describe, expect, test } from "vitest";
import { open, plain, unique } from "./harness.ts";

describe("a declaration", () => {
  test("reports a topic that another program has created with another configuration", async () => {
    const name = unique("drift");
    const { admin } = await plain();
    const configEntries = [{ name: "cleanup.policy", value: "delete" }];
    await admin.createTopics({ topics: [{ topic: `${name}.dlq`, configEntries }], waitForLeaders: false });
    await expect.poll(() => admin.listTopics()).toContain(`${name}.dlq`);
    const link = await open();
    const drift = {
      entity: queue(name),
      property: `cleanup.policy of topic ${name}.dlq`,
      expected: "compact",
      found: "delete",
    };
    expect(await link.declare([queue(name)], "create", live)).toEqual([drift]);
    expect(await link.declare([queue(name)], "verify", live)).toEqual([drift]);
  });

  test("creates each topic with constant settings, and as many partitions as asked for", async () => {
    const link = await open({ partitions: 5 });
    const { name } = await declared(link, queue(unique("queue")));
    const { admin } = await plain();
    const { topics } = await admin.fetchTopicMetadata({
      topics: [name, ...DELAY_STEPS.map((ms) => retryStepName(name, ms)), `${name}.dlq`],
    });
    const counts = new Map(topics.map((one) => [one.name, one.partitions.length]));
    expect(counts.get(name)).toBe(5);
    expect([...counts.values()].filter((count) => count === 1)).toHaveLength(8);
  });
});
