// Files, services and a broker: nothing gets lost. BROKER_URL selects the broker. Without it everything runs in this
// process.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Broker, BrokerError, connect } from "@anybroker/core";
import { Demo } from "./demo.ts";
import { launchInOneProcess } from "./launch-in-one-process.ts";
import { launchProcesses } from "./launch-processes.ts";
import { quietLogger } from "./quiet-logger.ts";
import { LEASE } from "./service.ts";
import { deadLettersLeft, story } from "./story.ts";
import { lineView, liveView, type View } from "./view.ts";

// The name makes all services share one embedded broker.
const url = (process.env.BROKER_URL ?? "memory:").replace(/^memory:(?=$|\?)/, "memory:file-sync");
const launcher = url.startsWith("memory:") ? launchInOneProcess : launchProcesses;
const view: View = process.stdout.isTTY ? liveView(process.stdout) : lineView(console.log);
const stop = new AbortController();

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => stop.abort());
process.stdout.on("error", () => stop.abort());

/** Creates the entities before the first file changes, so that a service that starts late gets every message. */
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
  const demo = new Demo({ broker, launcher, view, signal: stop.signal, url, folder, remote });
  try {
    await prepare(broker);
    await story(demo);
    const findings = await demo.ledger.findings(folder, remote, await deadLettersLeft(demo));
    view.end();
    view.chapter("The result", `after ${((performance.now() - began) / 1000).toFixed(0)} seconds`);
    for (const { ok, text } of findings) view.result(ok, text);
    return findings.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    await demo.stopAll();
  }
}

async function main(): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), "anybroker-file-sync-"));
  try {
    await using broker = await connect(url, {
      connectTimeout: 8_000,
      lease: LEASE,
      signal: stop.signal,
      logger: quietLogger,
    });
    const { server } = await broker.health();
    const name = launcher === launchInOneProcess ? "" : `the broker is ${server?.product} ${server?.version}, `;
    view.chapter("anybroker: files through a broker", `${name}${launcher.description}`);
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
