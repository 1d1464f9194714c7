import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { connect as connectMemory, type Message } from "@anybroker/core";
import { adapter as memory } from "@anybroker/memory";
import { connect } from "@anybroker/redis";
import { expectWarning } from "@anybroker-internal/testkit/expect-warning";
import { expect, test } from "vitest";
import { BrokerError } from "../packages/core/src/base/errors.ts";
import { Log, type Logger } from "../packages/core/src/base/log.ts";
import { OutageLog } from "../packages/core/src/link/outage-log.ts";
import { Reporter } from "../packages/core/src/receiving/reporter.ts";
import { ManualClock } from "../packages/core/test/manual-clock.ts";

const consumer = "consumer of queue jobs";

function bench(logger?: Logger) {
  const clock = new ManualClock();
  const reporter = new Reporter({
    consumer,
    onError: undefined,
    log: new Log(logger, { name: "double", system: "double", address: "double:" }),
    clock,
  });
  return { clock, reporter };
}

/** The warnings that Node has emitted, without the consumer's name. */
async function texts(heard: readonly Error[]): Promise<readonly string[]> {
  await new Promise(setImmediate);
  return heard.map(({ message }) => message.replace(/^consumer of queue jobs: /, "").replace(/ \(pass onError.*$/, ""));
}

const broken = new BrokerError("UNAVAILABLE", "connection reset", { retryable: true });

test("without onError and logger the first error of each kind is warned, and later ones as a count after a minute", async () => {
  const heard = expectWarning(consumer);
  const { clock, reporter } = bench();
  reporter.report(broken);
  reporter.report(new Error("no such customer"));
  for (let count = 0; count < 5; count += 1) reporter.report(new Error("no such order"));
  reporter.report(broken);
  expect(await texts(heard)).toEqual(["BrokerError: connection reset", "Error: no such customer"]);
  await clock.advance(60_000);
  reporter.report(new Error("no such order"));
  expect((await texts(heard)).slice(2)).toEqual(["Error: no such order, and 5 more of this kind before it"]);
});

test("the first dead letter of a consumer is warned, whatever was warned before, and later ones are counted", async () => {
  const heard = expectWarning(consumer);
  const { clock, reporter } = bench();
  // The cast is true: a reporter needs no more of a message.
  const deadLetter = (id: string): void =>
    reporter.deadLettered({ id, attempt: 5, source: { queue: "jobs" } } as Message, "attempts-exhausted");
  reporter.report(new Error("no such customer"));
  for (const id of ["a", "b", "c"]) deadLetter(id);
  await clock.advance(60_000);
  deadLetter("d");
  const hint = "(pass a logger to connect to get each of these)";
  expect((await texts(heard)).slice(1)).toEqual([
    `message a was dead-lettered at attempt 5: attempts-exhausted ${hint}`,
    `message d was dead-lettered at attempt 5: attempts-exhausted, and 2 more of this kind before it ${hint}`,
  ]);
});

test("that a consumer is stuck is warned, although the handler that was too slow is a timeout too", async () => {
  const heard = expectWarning(consumer);
  const slow = Promise.withResolvers<void>();
  await using broker = await connectMemory("memory:", { drivers: { memory: () => memory } });
  const queue = broker.queue("jobs");
  await queue.consume(() => slow.promise, { timeout: 20, retry: { attempts: 1 } });
  await queue.send("body");
  await expect
    .poll(() => heard.some(({ message }) => message.includes("no message is taken until one returns")))
    .toBe(true);
  expect(heard.some(({ message }) => message.includes("did not finish within 20 ms"))).toBe(true);
  slow.resolve();
});

test("a warning has the stack of its error as its detail, and says what to do", async () => {
  const heard = expectWarning(consumer);
  const { reporter } = bench();
  const error = new Error("no such customer");
  reporter.report(error);
  await new Promise(setImmediate);
  expect(heard).toMatchObject([{ name: "AnybrokerWarning", detail: error.stack }]);
  expect(heard[0]?.message).toContain("pass onError to consume, or a logger to connect");
});

test("that a consumer reads again is told if its interruption was", async () => {
  const heard = expectWarning(consumer);
  const { reporter } = bench();
  reporter.readsAgain();
  reporter.report(broken);
  reporter.readsAgain();
  reporter.readsAgain();
  expect(await texts(heard)).toEqual(["BrokerError: connection reset", `the ${consumer} reads again`]);
});

test("with a logger there are no warnings, and a logger that throws does no harm", async () => {
  const lines: string[] = [];
  const fail = (): never => {
    throw new Error("the disk is full");
  };
  const { reporter } = bench({
    debug: fail,
    info: fail,
    warn: (text) => void lines.push(text),
    error: fail,
  });
  reporter.report(broken);
  reporter.readsAgain();
  expect(lines).toEqual([`${consumer}: BrokerError: connection reset`]);
});

test("without a logger an outage is warned, then once a minute, and that it is over; short ones that follow are counted", async () => {
  const heard = expectWarning("double:");
  const clock = new ManualClock();
  const outages = new OutageLog(
    new Log(undefined, { name: "double", system: "double", address: "double:" }),
    clock,
    "double:",
  );
  const lost = new BrokerError("UNAVAILABLE", "connection to double: lost: reset", { retryable: true });
  const refused = new BrokerError("UNAVAILABLE", "cannot connect to double: refused", { retryable: true });
  outages.up("Double 1");
  for (let count = 0; count < 3; count += 1) {
    outages.lost(lost);
    outages.failed(refused);
    await clock.advance(1_000);
    outages.up("Double 1");
  }
  await clock.advance(60_000);
  outages.lost(lost);
  outages.failed(refused);
  await clock.advance(60_000);
  outages.failed(refused);
  outages.up("Double 1");
  expect(await texts(heard)).toEqual([
    "connection to double: lost: reset; reconnecting (pass a logger to connect to follow this)",
    "connected again to double: after 1.0 s: Double 1",
    "connection to double: lost: reset, and 2 more times before; reconnecting (pass a logger to connect to follow this)",
    "still not connected after 60 s and 2 attempts: cannot connect to double: refused",
    "connected again to double: after 60 s: Double 1",
  ]);
  expect(heard[0]).toMatchObject({ detail: lost.stack });
});

test("NODE_DEBUG=anybroker writes to the standard error output what a logger gets", async () => {
  const program = `
    import { connect } from "@anybroker/memory";
    await using broker = await connect("memory:", { name: "shop" });
    const queue = broker.queue("jobs");
    const handled = Promise.withResolvers();
    await queue.consume(() => handled.resolve());
    await queue.send("body");
    await handled.promise;
  `;
  const node = ["--conditions=@anybroker/source", "--input-type=module", "--eval", program];
  const env = { ...process.env, NODE_DEBUG: "anybroker", NODE_OPTIONS: "" };
  const { stderr } = await promisify(execFile)(process.execPath, node, { cwd: import.meta.dirname, env });
  const lines = stderr.trimEnd().split("\n");
  expect(lines.map((line) => line.replace(/^ANYBROKER \d+: /, ""))).toEqual([
    expect.stringMatching(/^info connected to memory:.* \(shop\)$/),
    "debug declared queue jobs (shop)",
    "info the consumer of queue jobs reads (shop)",
    "info the consumer of queue jobs closes (shop)",
    expect.stringMatching(/^info disconnected from memory:.* \(shop\)$/),
  ]);
});

test("while the first connection fails, it is said after the first failure, and not only when the time is over", async () => {
  const heard = expectWarning("cannot connect to redis://127.0.0.1:1");
  await expect(connect("redis://127.0.0.1:1", { connectTimeout: 2_000 })).rejects.toMatchObject({
    code: "UNAVAILABLE",
  });
  expect(await texts(heard)).toEqual([expect.stringMatching(/ECONNREFUSED.*; trying for 2 s more$/)]);
});
