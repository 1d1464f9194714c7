import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../until.ts";
import type { Place, TestBroker } from "./broker.ts";
import { type Command, type Guarded, guarded } from "./guarded.ts";

/** A program with its arguments. */
export type Line = readonly [command: string, args: readonly string[]];

/** The command line that runs a program within the place's own system. */
export function inRoot({ root }: Place, command: string, args: readonly string[]): Line {
  return root === "" ? [command, args] : ["chroot", [root, command, ...args]];
}

/** A guard whose folder both this process and a server in the place can reach. */
export function guardedIn({ root }: Place, name: string): Promise<Guarded> {
  return guarded(root === "" ? tmpdir() : join(root, "tmp"), name);
}

/** A server that a guard can start. */
export interface Launch {
  readonly label: string;
  readonly line: Line;
  readonly env: Command["env"];
  /** Open when the server is up, closed when it is dead. */
  readonly port: number;
  /** Talks to the server and returns its version. Throws while the server is not ready. */
  readonly probe: () => Promise<string>;
}

async function expectOpen(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

async function expectClosed(port: number): Promise<void> {
  const open = await expectOpen(port).then(
    () => true,
    () => false,
  );
  if (open) throw new Error(`port ${port} is still open`);
}

/** Starts the server, and ends the guard if that fails. */
export async function launch(guard: Guarded, server: Launch): Promise<Omit<TestBroker, "url" | "how">> {
  const { label, env, port, probe } = server;
  const [command, args] = server.line;

  async function start(): Promise<string> {
    let version = "";
    await guard.start({ command, args, env }, async (signal) => {
      await until(`${label} opens port ${port}`, 90_000, () => expectOpen(port), signal);
      version = await until(`${label} is ready`, 30_000, probe, signal);
    });
    return version;
  }
  async function kill(): Promise<void> {
    await guard.signal("SIGKILL");
    await until(`${label} leaves port ${port}`, 10_000, () => expectClosed(port));
  }

  await using failed = new AsyncDisposableStack();
  failed.defer(guard.end);
  const version = await start();
  failed.move();
  return {
    version,
    ours: true,
    kill,
    pause: () => guard.signal("SIGSTOP"),
    resume: () => guard.signal("SIGCONT"),
    restart: async () => {
      if (guard.running) await kill();
      await start();
    },
    stop: guard.end,
    [Symbol.asyncDispose]: guard.end,
  };
}
