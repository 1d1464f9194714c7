import { deepEqual, ok } from "node:assert/strict";
import type { Case } from "../case.ts";
import { codeOf } from "../error-code.ts";
import { Faults, InjectedError } from "../layers/faults.ts";

export const SETTLING_IN_BATCHES: readonly Case[] = [
  {
    id: "one-ack-refused-among-many",
    name: "When one of many settlements fails with a transient error, it is tried again, and the others are not affected",
    section: "B",
    rows: [24, 112],
    async run(context) {
      const faults = new Faults();
      let refusals = 1;
      faults.settle = ({ action, delivery }) => {
        if (action !== "ack" || delivery.id !== "refused" || refusals === 0) return undefined;
        refusals -= 1;
        return new InjectedError("UNAVAILABLE", true);
      };
      const { broker, queue } = await context.queue({ faults });
      const errors: unknown[] = [];
      const consumer = await queue.consumeBatch(() => {}, {
        max: 4,
        wait: 50,
        onError: (error) => void errors.push(error),
      });
      await queue.sendBatch(["refused", "b", "c", "d"].map((id) => ({ body: id, id })));
      await context.until("all messages to be acked", () => consumer.stats().acked === 4);
      ok(!errors.some((error) => codeOf(error) === "LEASE_LOST"), "a message was lost");
      await broker.close();
      const again = (await context.connect()).queue<string>(queue.name);
      await again.send("marker");
      const received = await context.collect(again);
      await received.waitForBody("marker");
      deepEqual(received.bodies, ["marker"]);
    },
  },
];
