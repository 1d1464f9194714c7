import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { until } from "../until.ts";

/** One server for the guard to start. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file that gets the server's output. */
  readonly log: string;
}

/** Reports of the guard about the server. */
export type GuardReport = { readonly started: number } | { readonly exited: string };

/** A guard for one server. However this process ends, the server and its folder go too. */
export interface Guarded {
  /** Lives as long as the guard. */
  readonly folder: string;
  /** Starts the server and resolves when `ready` does. */
  start(command: Omit<Command, "log">, ready: (signal: AbortSignal) => Promise<void>): Promise<void>;
  readonly running: boolean;
  /** Sends a signal to the whole process group. Resolves after SIGKILL when it has ended, after SIGSTOP when it stands still. */
  signal(name: NodeJS.Signals): Promise<void>;
  /** Ends the server and the guard, and removes the folder. */
  end(): Promise<void>;
}

/** Makes a temporary folder in `parent` and starts its guard. */
export async function guarded(parent: string, name: string): Promise<Guarded> {
  const folder = await mkdtemp(join(parent, `anybroker-${name}-`));
  const log = join(folder, "server.log");
  const guard = spawn(process.execPath, [join(import.meta.dirname, "guard.ts"), folder], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  // Pipes to a child are sockets. A running server does not keep the program alive, but waiting for one does.
  const pipes = [guard.stdin as unknown as Socket, guard.stdout as unknown as Socket] as const;
  guard.unref();
  for (const pipe of pipes) pipe.unref();
  let waits = 0;
  async function keepAlive<T>(wait: Promise<T>): Promise<T> {
    if (waits++ === 0) pipes[1].ref();
    try {
      return await wait;
    } finally {
      if (--waits === 0) pipes[1].unref();
    }
  }

  let group: number | undefined;
  let exit = Promise.withResolvers<string>();
  createInterface({ input: guard.stdout }).on("line", (line) => {
    const report = JSON.parse(line) as GuardReport;
    if ("started" in report) {
      group = report.started;
    } else {
      group = undefined;
      exit.resolve(report.exited);
    }
  });

  async function died(command: string, exited: Promise<string>): Promise<never> {
    const status = await exited;
    const output = await readFile(log, "utf8").catch(() => "");
    throw new Error(`${command} ended (${status}) before it was ready:\n${output.slice(-4000)}`);
  }

  return {
    folder,
    get running() {
      return group !== undefined;
    },
    start: async (command, ready) => {
      exit = Promise.withResolvers();
      const stop = new AbortController();
      guard.stdin.write(`${JSON.stringify({ ...command, log } satisfies Command)}\n`);
      try {
        await keepAlive(Promise.race([ready(stop.signal), died(command.command, exit.promise)]));
      } finally {
        stop.abort();
      }
    },
    signal: async (name) => {
      const target = group;
      if (target === undefined) throw new Error("The server is not running.");
      process.kill(-target, name);
      if (name === "SIGKILL") await keepAlive(exit.promise);
      if (name === "SIGSTOP") await until("the server stands still", 10_000, () => expectStopped(target));
    },
    end: async () => {
      if (guard.exitCode !== null || guard.signalCode !== null) return;
      const ended = once(guard, "exit");
      guard.ref();
      guard.stdin.end();
      await ended;
    },
  };
}

/** On a busy machine processes run on for a while after SIGSTOP. */
async function expectStopped(group: number): Promise<void> {
  const { stdout } = await promisify(execFile)("ps", ["-axo", "pgid=,stat="]);
  const processes = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  const running = processes.filter(([pgid, state = ""]) => Number(pgid) === group && !/^[TZ]/.test(state));
  if (running.length > 0) throw new Error(`${running.length} processes of group ${group} still run`);
}
