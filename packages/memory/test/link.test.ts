import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PREPARE = `
  import { memory } from "@anybroker/memory";
  const signal = new AbortController().signal;
  const clock = { now: Date.now, after: (ms, run) => { const timer = setTimeout(run, ms); return () => clearTimeout(timer); } };
  const link = await memory({ name: "process" }).connect({ clock, lease: 60_000, topology: "create" }, signal);
`;

/** Runs a program in a process of its own. Returns its output, once it has ended by itself. */
async function run(program: string): Promise<string> {
  const flags = ["--conditions=@anybroker/source", "--input-type=module", "--eval", PREPARE + program];
  const { stdout } = await promisify(execFile)(process.execPath, flags, {
    cwd: new URL("..", import.meta.url),
    timeout: 30_000,
  });
  return stdout.trim();
}

test("an open link keeps the process alive", async () => {
  // The timer is not enough: without the link the process would end before it prints.
  expect(
    await run(`setTimeout(async () => { console.log("still here"); await link.close(signal); }, 200).unref();`),
  ).toBe("still here");
});

test("after close nothing keeps it alive, whatever is held, delayed or waiting", async () => {
  expect(
    await run(`
      const queue = { kind: "queue", name: "jobs", ordered: false };
      await link.declare([queue], "create", signal);
      const base = { id: "a", body: new Uint8Array(1), headers: {}, sentAt: 0 };
      await link.send(queue, [base, { ...base, deliverAt: Date.now() + 3_600_000 }], () => {}, signal);
      const source = await link.open(queue, { window: 5 }, () => {}, signal);
      console.log((await source.receive(5, signal)).length);
      const waiting = source.receive(5, signal);
      await link.close(signal);
      console.log((await waiting).length);
    `),
  ).toBe("1\n0");
});
