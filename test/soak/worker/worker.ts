// A process that consumes from every source of the soak: see soak-worker.ts.
import { subscribe } from "node:diagnostics_channel";
import { type Broker, BrokerError, connect, type GiveUpEvent } from "@anybroker/core";
import { Journal } from "../history/journal.ts";
import { watchLateness } from "../history/lateness.ts";
import type { Body } from "../workload/load.ts";
import { POLICY, readableOf, SOURCES } from "../workload/sources.ts";
import { handlerOf, type Runs } from "./handler.ts";
import type { Order, Reply, Task } from "./task.ts";

/** How often the driver is told the number of runs, in ms. */
const TELL_EVERY = 200;

// The cast is true: the driver passes a task.
const task = JSON.parse(process.argv[2] ?? "") as Task;
const journal = new Journal(task.folder, task.life);
const stopWatching = watchLateness(journal);
const reply = (answer: Reply): void => void (process.connected && process.send?.(answer));

const broker: Broker = await connect(task.url, {
  lease: task.lease,
  reconnect: { initial: 100, max: 2_000 },
  connectTimeout: 120_000,
});
const runs: Runs = { begun: 0 };
const consumers = await Promise.all(
  SOURCES.map(async (source) => {
    const onError = (error: unknown): void => {
      if (error instanceof BrokerError) journal.write({ type: "error", source: source.name, text: String(error) });
    };
    const handler = handlerOf(source.name, task.life, journal, runs);
    const { concurrency } = task;
    const consumer = await readableOf<Body>(broker, source).consume(handler, { concurrency, retry: POLICY, onError });
    void consumer.closed.then((reason) => {
      if (reason !== undefined) journal.write({ type: "closed", source: source.name, reason: String(reason) });
    });
    return consumer;
  }),
);

// With its time, which a dead letter does not have.
subscribe("anybroker:dead-letter", (event) => {
  // The cast is true: it is the documented payload of this channel.
  const { source, id = "without id", reason } = event as GiveUpEvent;
  const name = "queue" in source ? source.queue : `${source.topic}/${source.subscription}`;
  journal.write({ type: "gave-up", source: name, message: id, reason });
});

const telling = setInterval(() => reply(runs.begun), TELL_EVERY);

async function close(): Promise<void> {
  await broker.close();
  clearInterval(telling);
  stopWatching();
  if (process.connected) process.disconnect();
}

// A resume may come while a pause is not reached.
async function obey(order: Order): Promise<void> {
  if (order === "close") return close();
  await Promise.all(consumers.map((consumer) => (order === "pause" ? consumer.pause() : consumer.resume())));
}

// Ctrl+C is for the driver, which then closes its workers.
process.on("SIGINT", () => undefined);
process.on("message", (order: Order) => void obey(order));
process.once("disconnect", () => void close());
reply("consuming");
