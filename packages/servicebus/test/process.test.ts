import { spawn } from "node:child_process";
import { once } from "node:events";
import { leftBehind } from "@anybroker-internal/testkit/left-behind";
import { expect, onTestFinished, test } from "vitest";
import { emulatorForTest, urlOf } from "./harness.ts";

const PROGRAM = `
import { connect } from "@anybroker/servicebus";
const broker = await connect(process.argv[1]);
const queue = broker.queue(process.argv[2]);
const { promise: done, resolve } = Promise.withResolvers();
await queue.consume(resolve);
await queue.send("body");
await done;
await broker.close();
console.log("closed");
`;

test("a program ends as soon as its broker object is closed", async () => {
  const node = [
    "--conditions=@anybroker/source",
    "--input-type=module",
    "-e",
    PROGRAM,
    urlOf(await emulatorForTest()),
    "orders",
  ];
  const program = spawn(process.execPath, node, { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void program.kill());
  const exit = once(program, "exit");
  await once(program.stdout, "data");
  const closed = performance.now();
  expect(await exit).toEqual([0, null]);
  expect(performance.now() - closed).toBeLessThan(1_000);
});

test("connecting, consuming and closing leaves nothing behind in the process", async () => {
  const rounds = 20;
  const left = await leftBehind(
    import.meta.dirname,
    "@anybroker/servicebus",
    urlOf(await emulatorForTest()),
    "orders",
    rounds,
  );
  for (const [kind, count] of Object.entries(left)) expect(count, kind).toBeLessThan(rounds);
});
