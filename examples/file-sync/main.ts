// Files, services and a broker: nothing gets lost. BROKER_URL names the broker, and without it everything happens in
// this process.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Broker, BrokerError, connect } from "@anybroker/core";
import { inOneProcess } from "./crew-in-one-process.ts";
import { processes } from "./crew-of-processes.ts";
import { Stage } from "./stage.ts";
import { deadLettersLeft, story } from "./story.ts";
import { lineView, liveView, type View } from "./view.ts";

// With a name: services that connect to it share one embedded broker.
const url = (process.env.BROKER_URL ?? "memory:").replace(/^memory:(?=$|\?)/, "memory:file-sync");
const crew = url.startsWith("memory:") ? inOneProcess : processes;
const view: View = process.stdout.isTTY ? liveView(process.stdout) : lineView(console.log);
const stop = new AbortController();

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => stop.abort());
process.stdout.on("error", () => stop.abort());

/** The entities are there before the first file changes, so whoever is late finds everything. */
async function prepare(broker: Broker): Promise<void> {
  const subscriptions = { indexer: {}, notifier: {} };
  await broker.declare(
    { queues: { "file-sync.uploads": {} }, topics: { "file-sync.changed": { subscriptions } } },
    { signal: stop.signal },
  );
}

async function show(broker: Broker, home: string): Promise<number> {
  const [folder, remote] = [join(home, "folder"), join(home, "remote")];
  await Promise.all([mkdir(folder), mkdir(remote)]);
  const began = performance.now();
  const stage = new Stage({ broker, crew, view, signal: stop.signal, url, folder, remote });
  try {
    await prepare(broker);
    await story(stage);
    const findings = await stage.ledger.findings(folder, remote, await deadLettersLeft(stage));
    view.end();
    view.act("What came of it", `after ${((performance.now() - began) / 1000).toFixed(0)} seconds`);
    for (const { ok, text } of findings) view.find(ok, text);
    return findings.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    await stage.empty();
  }
}

async function main(): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), "anybroker-file-sync-"));
  try {
    await using broker = await connect(url, { connectTimeout: 8_000, signal: stop.signal });
    const { server } = await broker.health();
    const name = crew === inOneProcess ? "" : `the broker is ${server?.product} ${server?.version}, `;
    view.act("anybroker: files through a broker", `${name}${crew.how}`);
    return await show(broker, home);
  } catch (error) {
    view.end();
    if (stop.signal.aborted) {
      console.error("\nStopped.");
      return 130;
    }
    console.error(error instanceof BrokerError || error instanceof Error ? error.message : error);
    return 1;
  } finally {
    view.end();
    await rm(home, { recursive: true, force: true });
  }
}

process.exitCode = await main();
