// What a stranger reads who has made a mistake that only a whole program can make.
import { connect } from "@anybroker/memory";
import { expect, test } from "vitest";

test.each<[unknown, string]>([
  [{ to: "ada" }, "message 0 of the batch must be an object with a body, not an object without one"],
  [["ada"], "message 0 of the batch must be an object with a body, not an array without one"],
  ["ada", 'message 0 of the batch must be an object with a body, not "ada"'],
  [null, "message 0 of the batch must be an object with a body, not null"],
])("a batch of %j is refused: %s", async (message, text) => {
  await using broker = await connect("memory:");
  // The cast is the point: what JavaScript could pass.
  await expect(broker.queue("mails").sendBatch([message as { body: unknown }])).rejects.toThrow(new TypeError(text));
});

test("with topology verify an entity that differs is described in the words of the options", async () => {
  await using creator = await connect("memory:drift-text");
  await creator.declare({ queues: { jobs: { ordered: true } } });
  await using other = await connect("memory:drift-text", { topology: "verify" });
  await expect(other.queue("jobs").send("a")).rejects.toMatchObject({
    code: "DRIFT",
    message: "queue jobs is not as declared; ordered: expected false, found true",
  });
});
