import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connect, connectAll, manualClock, memory } from "../../src/index.ts";

/** A program whose assertion fails while a handler hangs and a message is delayed. */
const program = (before: string): string => `
  import assert from "node:assert/strict";
  import { connect, manualClock, memory } from "@anybroker/memory";

  const clock = manualClock();
  await using broker = await connect(memory(), { clock });
  const jobs = broker.queue("jobs");
  await using consumer = await jobs.consume(() => new Promise(() => {}), { concurrency: 2 });
  await jobs.send("hangs");
  await jobs.send("later", { delay: 1_000 });
  await clock.advance(0);
  assert.equal(consumer.stats().running, 1);
  ${before}
  assert.equal("this is", "what failed");
`;

/** Runs a program in a process of its own, for at most 15 s. */
function run(code: string): Promise<{ readonly code: unknown; readonly killed: boolean; readonly stderr: string }> {
  const options = { cwd: join(import.meta.dirname, "../.."), timeout: 15_000, killSignal: "SIGKILL" as const };
  const node = ["--conditions=@anybroker/source", "--input-type=module", "--eval", code];
  return new Promise((resolve) => {
    execFile(process.execPath, node, options, (error, _stdout, stderr) => {
      resolve({ code: error?.code, killed: error?.killed === true, stderr });
    });
  });
}

test.for([
  ["a handler hangs", ""],
  ["a consumer has been closing", "void consumer.close();"],
  ["the broker has been closing", "void broker.close();"],
  ["a send waits", 'broker.native.interfere(() => "refuse"); jobs.send("refused").catch(() => {});'],
  [
    "a paused ordered consumer waits",
    "await using ordered = await broker.queue('o', { ordered: true }).consume(() => new Promise(() => {})); await broker.queue('o', { ordered: true }).send('hangs', { key: 'k' }); await clock.advance(0); void ordered.pause();",
  ],
] as const)("a failing test ends by itself and shows its assertion: %s", async ([, before]) => {
  const { code, killed, stderr } = await run(program(before));
  expect(killed).toBe(false);
  expect(code).toBe(1);
  expect(stderr).toContain("actual: 'this is'");
});

test("on a manual clock disposing aborts running handlers, finishes what needs no time, and gives back the rest", async () => {
  const clock = manualClock();
  const signals: AbortSignal[] = [];
  const name = "dispose";
  await using other = await connect(memory({ name }), { clock });
  const jobs = other.queue<string>("jobs");
  {
    const { brokers, ...both } = await connectAll({ one: memory({ name }) }, { clock });
    await using _ = both;
    await brokers.one.queue("jobs").consume(({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    await jobs.send("hangs");
    await jobs.send("later", { delay: 1_000 });
    await clock.advance(0);
    void brokers.one.queue("sent").send("at the end");
  }
  expect(signals.map(({ reason }) => reason.code)).toEqual(["CLOSED"]);
  expect(await jobs.stats()).toEqual({ ready: 1, delayed: 1, inFlight: 0, dead: 0 });
  expect(await other.queue("sent").stats()).toMatchObject({ ready: 1 });
  await other.delete({ queues: ["jobs", "sent"] });
});

test("on a manual clock close drains as always: until the drain time is over by that clock", async () => {
  const clock = manualClock();
  await using broker = await connect(memory(), { clock });
  const hanging = Promise.withResolvers<void>();
  let aborted = 0;
  await broker.queue("jobs").consume(({ signal }) => {
    signal.addEventListener("abort", () => (aborted += 1));
    return hanging.promise;
  });
  await broker.queue("jobs").send("hangs");
  await clock.advance(0);
  let closed = false;
  const closing = broker.close({ drainTimeout: 5_000 }).then(() => (closed = true));
  await clock.advance(4_999);
  expect([aborted, closed]).toEqual([0, false]);
  await clock.advance(1);
  await closing;
  expect(aborted).toBe(1);
  hanging.resolve();
});

test("on a manual clock disposing lets a send end that the program did not await", async () => {
  let sent: Promise<unknown> | undefined;
  {
    await using broker = await connect(memory(), { clock: manualClock() });
    sent = broker.queue("jobs").send("not awaited");
  }
  await expect(sent).resolves.toBeDefined();
});
