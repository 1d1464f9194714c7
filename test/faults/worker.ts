// A consumer in a process of its own, that can be killed: see start-worker.ts.
import { writeSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { connect } from "@anybroker/core";

/** A message of the scenarios. */
export interface Numbered {
  readonly number: number;
  /** Whether it must end in the dead letters: here, because it kills the process that handles it. */
  readonly doomed: boolean;
}

/** What a worker is to do. */
export interface Task {
  readonly url: string;
  readonly queue: string;
  readonly concurrency: number;
  /** For how many milliseconds a consumer may be silent. */
  readonly lease?: number;
  /** The run of a handler in which it dies; without it, it lives. */
  readonly dieIn?: number;
}

const { url, queue, concurrency, dieIn, ...life } = JSON.parse(process.argv[2] ?? "") as Task;
const broker = await connect(url, { reconnect: { initial: 100, max: 2_000 }, connectTimeout: 60_000, ...life });
let runs = 0;

await broker.queue<Numbered>(queue).consume(
  async ({ body }) => {
    runs += 1;
    const last = runs === dieIn;
    // Others begin meanwhile.
    await turn();
    if (last || body.doomed) process.kill(process.pid, "SIGKILL");
    // At once, and in the kernel's hands before the message is acked: no death takes it back.
    writeSync(1, `${body.number}\n`);
  },
  { concurrency, onError: () => undefined },
);
process.once("disconnect", () => void broker.close());
process.send?.("consuming");
