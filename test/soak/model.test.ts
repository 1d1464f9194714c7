import { mapLinks, mapSources, overrideSource } from "@anybroker/conformance";
import { OWN, type Settlement, type Source } from "@anybroker/core/driver";
import { connect, manualClock, memory } from "@anybroker/memory";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { expect, test } from "vitest";
import { expectAgreement } from "./model/agreement.ts";
import type { RigSubject } from "./model/rig.ts";

const size = {
  runs: Number(process.env.ANYBROKER_MODEL_RUNS ?? 200),
  most: 40,
  acksEarly: false,
  noticesVanishing: true,
};

/** The embedded broker on a clock of its own, with a change of its sources. */
function onMemory(change: (source: Source) => Partial<Source> = () => ({})): RigSubject {
  const clock = manualClock();
  const driver = mapLinks(memory(), (link) => mapSources(link, (source) => overrideSource(source, change(source))));
  return {
    driver: () => driver,
    now: clock.now,
    pass: (ms) => clock.advance(ms),
    connect: (own) => connect(own, { clock, reconnect: { initial: 10, max: 10 }, logger: quietLogger }),
    slack: 10,
  };
}

/** A source that carries out other settlements than it is asked for. */
function settling(change: (settlement: Settlement) => Settlement): (source: Source) => Partial<Source> {
  return (source) => ({ settle: (batch, signal) => source.settle(batch.map(change), signal) });
}

test.each([false, true])("random operations on the embedded broker do what the model says (ordered: %s)", (ordered) =>
  expectAgreement(() => onMemory(), { ...size, ordered }),
);

test.each<[string, boolean, (source: Source) => Partial<Source>]>([
  [
    "acks a message that failed",
    false,
    settling((one) => (one.action === "retry" ? { action: "ack", delivery: one.delivery } : one)),
  ],
  ["retries at once", false, settling((one) => (one.action === "retry" ? { ...one, delay: 0 } : one))],
  [
    "does not count the failures",
    false,
    settling((one) => (one.action === "retry" ? { ...one, headers: { ...one.headers, [OWN.attempt]: "1" } } : one)),
  ],
  [
    "acks a message that it should dead-letter",
    false,
    settling((one) => (one.action === "deadLetter" ? { action: "ack", delivery: one.delivery } : one)),
  ],
  [
    "delivers the messages of a key in reverse order",
    true,
    (source) => ({ receive: async (max, signal) => [...(await source.receive(max, signal))].reverse() }),
  ],
  ["forgets how far a retry in place has come", true, () => ({ keepProgress: () => Promise.resolve() })],
  ["resumes nothing", false, () => ({ resume: () => Promise.resolve() })],
])("the model notices a driver that %s", async (_, ordered, change) => {
  await expect(expectAgreement(() => onMemory(change), { ...size, ordered, runs: 5_000 })).rejects.toThrow(
    "Property failed after",
  );
});
