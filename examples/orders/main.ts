// node main.ts                 everything in one process
// node main.ts api worker      these services; the others are in other processes
import { connect } from "@anybroker/core";
import { startApi } from "./api.ts";
import { topology } from "./orders.ts";
import { openStore } from "./store.ts";
import { startBilling, startMailing } from "./subscribers.ts";
import { startWorker } from "./worker.ts";

const { BROKER_URL = "memory:", STORE = "orders.sqlite", PORT = "3000" } = process.env;
const SERVICES = ["worker", "billing", "mailing", "api"];
const [, , ...given] = process.argv;
const unknown = given.filter((name) => !SERVICES.includes(name));
if (unknown.length > 0) throw new Error(`unknown service ${unknown.join()}: use ${SERVICES.join(", ")}`);
const services = new Set(given.length > 0 ? given : SERVICES);

const store = openStore(STORE);
// On brokers that notice a dead consumer only by its silence, its messages go to another one after 10 s.
const broker = await connect(BROKER_URL, { lease: 10_000, logger: console });
await broker.declare(topology);
if (services.has("worker")) await startWorker(broker, store);
if (services.has("billing")) await startBilling(broker, store);
if (services.has("mailing")) await startMailing(broker, store);
const api = services.has("api") ? await startApi(broker, store, Number(PORT)) : undefined;

async function stop(): Promise<void> {
  await api?.[Symbol.asyncDispose](); // answers the requests that it has
  await broker.close(); // lets running handlers finish
  store.close();
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void stop());
console.log(`ready: ${[...services].join(", ")}`);
