import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "@anybroker/core";
import type { TcpProxy } from "@anybroker-internal/testkit/proxy";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { randomFrom } from "@anybroker-internal/testkit/random";
import { timelineOf, unsettledOf } from "./checker/timeline.ts";
import { harm } from "./harm/harm.ts";
import type { History, SoakSource } from "./history/event.ts";
import { readHistory, writeSetup } from "./history/folder.ts";
import { Journal } from "./history/journal.ts";
import { watchLateness } from "./history/lateness.ts";
import { patiently } from "./patience.ts";
import { type SoakBackend, type SoakServer, type SoakSubject, subjects } from "./subject.ts";
import { SoakWorker } from "./worker/soak-worker.ts";
import { Drafts } from "./workload/draft.ts";
import { Load } from "./workload/load.ts";
import { declareAll, POLICY, readableOf, SOURCES, WAITS } from "./workload/sources.ts";

/** How a soak runs. */
export interface SoakOptions {
  readonly backend: SoakBackend;
  /** A description of the run, and how to repeat it, for a person. */
  readonly title: string;
  readonly command: string;
  readonly seed: number;
  /** How long messages are sent while there are faults, in ms. */
  readonly duration: number;
  /** Messages a second. */
  readonly rate: number;
  readonly workers: number;
  /** A factor for the pauses between faults. */
  readonly calmness: number;
  /** How often a message is sent that kills its processes, in ms; 0 for never. */
  readonly killerEvery: number;
  /** The folder for the journals of all processes. It must exist. */
  readonly folder: string;
  /** Ends the part with the faults early. */
  readonly signal?: AbortSignal;
  /** Gets a line for people at each step. */
  readonly say: (line: string) => void;
}

/** How long a silent consumer keeps what it holds, in ms. */
const LEASE = 3_000;
const CONCURRENCY = 8;
/** How long everything may stand still at the end before the soak gives up, in ms. */
const PATIENCE = 60_000;
/** How long messages are sent after the last fault, at least and at most, in ms. */
const CALM = { least: 3_000, most: 60_000 };
const POLL = 500;

/** Runs one soak and returns what happened. */
export async function soak(options: SoakOptions): Promise<History> {
  const { backend, seed, folder, say } = options;
  const subject: SoakSubject = subjects[backend];
  const { keepsProgress, rebalances, delayedKeepKeys } = subject;
  const names = Array.from({ length: options.workers }, (_, index) => `worker-${index + 1}`);
  writeSetup(folder, {
    ...{ title: options.title, command: options.command, seed },
    ...{ sources: SOURCES, workers: names, lease: LEASE, keepsProgress, rebalances, delayedKeepKeys },
    ...{ attempts: POLICY.attempts, waits: WAITS },
  });
  const journal = new Journal(folder, "driver");
  await using resources = new AsyncDisposableStack();
  resources.defer(() => journal.close());
  resources.defer(watchLateness(journal));

  const started: SoakServer = await subject.start(names.length + 1);
  const { server } = resources.adopt(started, ({ server: own }) => own.stop());
  for (const proxy of started.proxies) resources.use(proxy);
  const [senderProxy, ...proxies] = started.proxies;
  if (senderProxy === undefined) throw new Error("a soak needs proxies");
  const urlOf = (proxy: TcpProxy): string => `${proxy.through(server.url)}${subject.impatient ?? ""}`;
  const open = async (url: string): Promise<Broker> => {
    const broker = await subject.connect(url, {
      lease: LEASE,
      reconnect: { initial: 100, max: 2_000 },
      logger: quietLogger,
    });
    return resources.adopt(broker, (own) => own.close({ drainTimeout: 0 }));
  };
  const broker = await open(urlOf(senderProxy));
  await declareAll(broker);
  const crew = names.map((name, index) => {
    const proxy = proxies[index] ?? senderProxy;
    const task = { url: urlOf(proxy), folder, concurrency: CONCURRENCY, lease: LEASE };
    const worker = resources.adopt(new SoakWorker(name, task, journal), (own) => own.kill());
    return { worker, proxy };
  });
  const workers = crew.map(({ worker }) => worker);
  await patiently("the start of the workers", journal, Promise.all(workers.map((worker) => worker.start())));
  say(`${backend} ${server.version}: ${workers.length} workers consume`);

  const drafts = new Drafts(randomFrom(seed));
  const load = new Load(broker, journal, drafts, randomFrom(seed + 1));
  await Promise.all(drafts.everyKind().map((draft) => load.send(draft)));
  await untilSettled(broker, workers, folder);
  await started.persist();
  say("one message of each kind is settled");

  const faultsOver = AbortSignal.any([
    AbortSignal.timeout(options.duration),
    ...(options.signal ? [options.signal] : []),
  ]);
  const loadOver = new AbortController();
  const loading = load.run(options.rate, loadOver.signal);
  const killing = sendKillers(load, drafts, options.killerEvery, faultsOver);
  const victims = { server: subject.harmsServer ? server : undefined, workers: crew, sender: senderProxy };
  const settings = { seed, lease: LEASE, calmness: options.calmness, halfOpen: subject.impatient !== undefined };
  await harm(victims, settings, journal, faultsOver);
  await patiently("the last start of the workers", journal, Promise.all(workers.map((worker) => worker.consuming())));
  journal.write({ type: "calm" });
  say("the faults are over");
  await untilAllHandle(workers);
  loadOver.abort();
  await Promise.all([loading, killing]);
  await patiently("the last send", journal, load.ended());
  say("every send has ended");
  await untilSettled(broker, workers, folder);
  await Promise.all(workers.map((worker) => worker.close()));
  await patiently("the end of the sender", journal, broker.close());
  journal.write({ type: "end" });
  // On a connection of its own, which no fault has touched.
  const inspector = await open(server.url);
  for (const source of SOURCES) {
    await patiently(`a look at ${source.name}`, journal, inspect(inspector, source, journal));
  }
  say("every worker has closed");
  return readHistory(folder);
}

async function sendKillers(load: Load, drafts: Drafts, every: number, over: AbortSignal): Promise<void> {
  const sends: Promise<void>[] = [];
  while (every > 0) {
    await sleep(every, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) break;
    sends.push(load.send(drafts.killer()));
  }
  await Promise.all(sends);
}

/** Waits until each worker has begun another run, for as long as that may take. */
async function untilAllHandle(workers: readonly SoakWorker[]): Promise<void> {
  const before = workers.map(({ begun }) => begun);
  const since = performance.now();
  for (;;) {
    await sleep(POLL);
    const waited = performance.now() - since;
    const all = workers.every(({ begun }, index) => begun > (before[index] ?? 0));
    if ((all && waited >= CALM.least) || waited > CALM.most) return;
  }
}

/** Waits until every confirmed message is settled and the server has none left, or until everything stands still. */
async function untilSettled(broker: Broker, workers: readonly SoakWorker[], folder: string): Promise<void> {
  let before = "";
  let since = performance.now();
  for (;;) {
    const counts = await Promise.all(SOURCES.map((source) => countsOf(broker, source)));
    const empty = counts.every(({ ready, delayed, inFlight }) => ready + delayed + inFlight === 0);
    if (empty && unsettledOf(timelineOf(readHistory(folder))).length === 0) return;
    const state = JSON.stringify([counts, workers.map(({ begun }) => begun)]);
    if (state !== before) since = performance.now();
    if (performance.now() - since > PATIENCE) return;
    before = state;
    await sleep(POLL);
  }
}

interface Counts {
  readonly ready: number;
  readonly delayed: number;
  readonly inFlight: number;
}

async function countsOf(broker: Broker, source: SoakSource): Promise<Counts> {
  const { ready = 0, delayed = 0, inFlight = 0 } = await readableOf(broker, source).stats();
  return { ready, delayed, inFlight };
}

/** Records the dead letters of a source, and what the server still has of it after its consumers have closed. */
async function inspect(broker: Broker, source: SoakSource, journal: Journal): Promise<void> {
  let counts = await countsOf(broker, source);
  const since = performance.now();
  while (counts.ready + counts.delayed + counts.inFlight > 0 && performance.now() - since < PATIENCE) {
    await sleep(POLL);
    counts = await countsOf(broker, source);
  }
  journal.write({ type: "left", source: source.name, ...counts });
  const letters = readableOf(broker, source).deadLetters.list({ limit: 1_000_000 });
  for await (const { id = "without id", reason, attempts } of letters) {
    journal.write({ type: "dead", source: source.name, message: id, reason, attempts });
  }
}
