// The process between a test run and the servers that the run starts. The guard starts each server as a process group of
// its own. However the run ends, the guard's standard input closes then: it ends the groups and removes the folder.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Command, GuardReport } from "./guarded.ts";

const [folder = ""] = process.argv.slice(2);
const children = new Set<ChildProcess>();

function report(message: GuardReport): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function start({ command, args, env, log }: Command): void {
  const output = openSync(log, "a");
  const child = spawn(command, args, { env, detached: true, stdio: ["ignore", output, output] });
  children.add(child);
  child.once("spawn", () => report({ started: child.pid ?? 0 }));
  child.once("error", (error) => report({ exited: error.message }));
  child.once("exit", (code, signal) => {
    children.delete(child);
    report({ exited: String(signal ?? code) });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const exited = once(child, "exit");
  process.kill(-child.pid, "SIGKILL");
  await exited;
}

// The run may end before it reads the report.
process.stdout.on("error", () => undefined);
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

for await (const line of createInterface({ input: process.stdin })) start(JSON.parse(line) as Command);
await Promise.all([...children].map(end));
await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
process.exit();
