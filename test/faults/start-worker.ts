import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Task } from "./worker.ts";

/** A running worker. */
export interface Worker {
  readonly alive: boolean;
  /** Resolves with the name of a signal or an exit code, after all its output was read. */
  readonly ended: Promise<string>;
  /** Resolves when the worker consumes. Rejects if it ends before that. */
  readonly consuming: Promise<void>;
  /** Closes the worker gracefully. Rejects if it ends in any other way. */
  close(): Promise<void>;
  /** Kills the worker if it is alive, and waits for its end. */
  kill(): Promise<void>;
}

/** Starts a consumer in another process. `handled` is called for each message that its handler has finished. */
export function startWorker(task: Task, handled: (number: number) => void): Worker {
  const child = fork(join(import.meta.dirname, "worker.ts"), [JSON.stringify(task)], {
    execArgv: ["--conditions=@anybroker/source"],
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  // The casts are true: both are pipes.
  const output = createInterface({ input: child.stdout as Readable });
  const errorOutput = text(child.stderr as Readable);
  output.on("line", (line) => handled(Number(line)));
  const ended = Promise.all([once(child, "exit"), once(output, "close")]).then(([[code, signal]]) =>
    String(signal ?? code),
  );
  const failed = async (): Promise<never> => {
    throw new Error(`a worker ended (${await ended}):\n${(await errorOutput).slice(-4_000)}`);
  };
  const consuming = Promise.race([once(child, "message").then(() => undefined), failed()]);
  // A caller that waits only for the end does not handle this rejection.
  consuming.catch(() => undefined);
  return {
    get alive() {
      return child.exitCode === null && child.signalCode === null;
    },
    ended,
    consuming,
    close: async () => {
      if (child.connected) child.disconnect();
      if ((await ended) !== "0") await failed();
    },
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
