import { message, queue, reading, sent, take } from "@anybroker-internal/testkit/link";
import { describe, expect, test } from "vitest";
import { CODES, kafkaCodeOf } from "../src/protocol/error-codes.ts";
import { accepted, numbered, open, plain, unique } from "./harness.ts";

describe("a send", () => {
  test.for(["kafkajs", "platformatic"] as const)(
    "goes in small batches, in order, to a topic with a small limit; only a message above the limit is refused: %s",
    async (client) => {
      const name = unique("small");
      const { admin } = await plain();
      const configEntries = [{ name: "max.message.bytes", value: "5000" }];
      await admin.createTopics({ topics: [{ topic: name, numPartitions: 1, configEntries }], waitForLeaders: false });
      await expect.poll(() => admin.listTopics()).toContain(name);
      const link = await open({ client }, { topology: "none" });
      await accepted(link, queue(name), [message("first")]);
      const batch = numbered(40).map((one, index) => ({ ...one, body: Buffer.alloc(index === 7 ? 6_000 : 1_000) }));
      for (const round of [0, 1]) {
        const fates = await sent(link, queue(name), batch);
        const refused = fates.flatMap((fate, index) => (fate === "accepted" ? [] : [index]));
        expect([round, refused]).toEqual([round, [7]]);
        const { error, outcomeUnknown } = fates[7] === "accepted" ? {} : (fates[7] ?? {});
        expect([kafkaCodeOf(error), outcomeUnknown]).toEqual([CODES.tooLarge, false]);
      }
      const source = await reading(link, queue(name), { window: 100 });
      const expected = batch.filter((_, index) => index !== 7).map(({ id }) => id);
      expect((await take(source, 79)).map(({ id }) => id)).toEqual(["first", ...expected, ...expected]);
    },
  );
});
