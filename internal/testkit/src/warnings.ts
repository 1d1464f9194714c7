// A setup file of every project: process warnings fail the test that provoked them, unless a test expects them. So does an
// `error` event without a listener that a client library prints.
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach } from "vitest";
import { isExpected, isKnown } from "./expect-warning.ts";

const unexpected: Error[] = [];

function heard(warning: Error): void {
  if (!isKnown(warning) && !isExpected(warning)) unexpected.push(warning);
}

const printError = console.error;
console.error = (...parts: readonly unknown[]) => {
  // ioredis prints it, and emits nothing that could be heard instead.
  if (String(parts[0]).includes("Unhandled error event")) unexpected.push(new Error(parts.map(String).join(" ")));
  printError(...parts);
};

async function check(): Promise<void> {
  // Node emits a warning in a later turn.
  await turn();
  const found = unexpected.splice(0);
  if (found.length === 0) return;
  throw new AggregateError(found, `no test expects this: ${found.map(String).join(", ")}`);
}

// Instead of Node's own listener, which prints them.
process.removeAllListeners("warning");
process.on("warning", heard);
afterEach(async ({ task }) => {
  // When tests run at the same time, any of them may be to blame: the file fails.
  if (task.concurrent !== true) await check();
});
afterAll(check);
