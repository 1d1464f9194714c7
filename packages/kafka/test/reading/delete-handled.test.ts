import { declared, message, queue, reading, sent, settle, take } from "@anybroker-internal/testkit/link";
import { describe, expect, test } from "vitest";
import { open, plain, unique } from "../harness.ts";

/** The offset of the first record that a topic of one partition still has. */
async function first(topic: string): Promise<string | undefined> {
  const { admin } = await plain();
  return (await admin.fetchTopicOffsets(topic))[0]?.low;
}

describe("what the group of a queue has handled", () => {
  test("is deleted from a topic of the driver, and stays in a topic of another program", async () => {
    const [ours, theirs] = [unique("ours"), unique("theirs")];
    const { admin } = await plain();
    await admin.createTopics({ topics: [{ topic: theirs, numPartitions: 1 }], waitForLeaders: false });
    await expect.poll(() => admin.listTopics()).toContain(theirs);
    const link = await open({ partitions: 1, naming: { queues: { jobs: theirs } } });
    // The second one is deleted later, if at all. The deletion from the first one shows that the time has come.
    for (const name of ["jobs", ours]) {
      const entity = await declared(link, queue(name));
      await expect.poll(() => sent(link, entity, [message("a"), message("b")])).toEqual(["accepted", "accepted"]);
      const source = await reading(link, entity);
      for (const delivery of await take(source, 2)) await settle(source, { action: "ack", delivery });
    }
    await expect.poll(() => first(ours), { timeout: 60_000, interval: 1_000 }).not.toBe("0");
    expect(await first(theirs)).toBe("0");
  });
});
