import { connect as connectMemory } from "@anybroker/core";
import { adapter as memory } from "@anybroker/memory";
import { connect } from "@anybroker/redis";
import { expectWarning } from "@anybroker-internal/testkit/expect-warning";
import { expect, test } from "vitest";
import { BrokerError } from "../packages/core/src/base/errors.ts";
import { Log, type Logger } from "../packages/core/src/base/log.ts";
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
  expect(await texts(heard)).toEqual(["BrokerError: connection reset", "reads again"]);
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

test("while the first connection fails, it is said after the first failure, and not only when the time is over", async () => {
  const heard = expectWarning("cannot connect to redis://127.0.0.1:1");
  await expect(connect("redis://127.0.0.1:1", { connectTimeout: 2_000 })).rejects.toMatchObject({
    code: "UNAVAILABLE",
  });
  expect(await texts(heard)).toEqual([expect.stringMatching(/ECONNREFUSED.*; trying for 2 s more$/)]);
});
