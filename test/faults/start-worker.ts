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
  /** Resolves with how it ended, when everything it had to say has been heard: a signal's name, or an exit code. */
  readonly ended: Promise<string>;
  /** Resolves when it consumes; rejects when it ended before. */
  readonly consuming: Promise<void>;
  /** Lets it finish and end by itself; rejects when it ends in any other way. */
  close(): Promise<void>;
  /** Ends it at once, if it still lives, and waits for its end. */
  kill(): Promise<void>;
}

/** Starts a consumer in a process of its own; `handled` is told of each message that a handler there has finished. */
export function startWorker(task: Task, handled: (number: number) => void): Worker {
  const child = fork(join(import.meta.dirname, "worker.ts"), [JSON.stringify(task)], {
    execArgv: ["--conditions=@anybroker/source"],
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  // The casts are true: both are pipes.
  const output = createInterface({ input: child.stdout as Readable });
  const complaints = text(child.stderr as Readable);
  output.on("line", (line) => handled(Number(line)));
  const ended = Promise.all([once(child, "exit"), once(output, "close")]).then(([[code, signal]]) =>
    String(signal ?? code),
  );
  const failed = async (): Promise<never> => {
    throw new Error(`a worker ended (${await ended}):\n${(await complaints).slice(-4_000)}`);
  };
  const consuming = Promise.race([once(child, "message").then(() => undefined), failed()]);
  // Who waits for its end need not wait for its beginning.
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
