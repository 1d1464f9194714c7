// A consumer in another process, which can be killed: see start-worker.ts.
import { writeSync } from "node:fs";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { connect } from "@anybroker/core";

/** The body of the messages. */
export interface Numbered {
  readonly number: number;
  /** Whether it must be dead-lettered. In a worker such a message kills the process. */
  readonly doomed: boolean;
}

/** The settings of a worker. */
export interface Task {
  readonly url: string;
  readonly queue: string;
  readonly ordered: boolean;
  readonly concurrency: number;
  /** How long a silent consumer keeps what it holds, in ms. */
  readonly lease?: number;
  /** The number of the handler run in which the process dies. Without it the process does not die. */
  readonly dieIn?: number;
  /** How long a handler takes, in ms. */
  readonly work?: number;
  /** Another queue that is consumed too. Each of its messages kills the process. */
  readonly killers?: string;
}

const { url, queue, ordered, concurrency, dieIn, work, killers, ...lease } = JSON.parse(process.argv[2] ?? "") as Task;
const broker = await connect(url, { reconnect: { initial: 100, max: 2_000 }, connectTimeout: 60_000, ...lease });
let runs = 0;

const dieAtOnce = (): void => void process.kill(process.pid, "SIGKILL");
const killing = killers === undefined ? undefined : broker.queue(killers).consume(dieAtOnce);

await broker.queue<Numbered>(queue, { ordered }).consume(
  async ({ body }) => {
    runs += 1;
    const last = runs === dieIn;
    // Lets other handlers begin.
    await (work === undefined ? turn() : pause(work));
    if (last || body.doomed) process.kill(process.pid, "SIGKILL");
    // Written to the kernel before the message is acked, so that a death of the process cannot lose it.
    writeSync(1, `${body.number}\n`);
  },
  { concurrency, onError: () => undefined },
);
await killing;
process.once("disconnect", () => void broker.close());
process.send?.("consuming");
