import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "@anybroker/core";
import { hashOf } from "./files.ts";
import type { Launcher, RunningService, ServiceName } from "./launcher.ts";
import { Ledger } from "./ledger.ts";
import { Narrator } from "./narrator.ts";
import { changeId, type ServiceEvent, type Settings } from "./service.ts";
import type { View } from "./view.ts";

export interface DemoOptions {
  readonly broker: Broker;
  readonly launcher: Launcher;
  readonly view: View;
  readonly signal: AbortSignal;
  readonly url: string;
  readonly folder: string;
  readonly remote: string;
}

/** The state of the demo: the running services, the folder, and the count of what has happened. */
export class Demo {
  readonly run: string = randomBytes(4).toString("hex");
  readonly ledger: Ledger = new Ledger();
  readonly broker: Broker;
  readonly view: View;
  readonly signal: AbortSignal;
  readonly #options: DemoOptions;
  readonly #narrator: Narrator;
  readonly #services = new Map<string, RunningService>();
  readonly #starting = new Set<Promise<RunningService>>();

  constructor(options: DemoOptions) {
    this.broker = options.broker;
    this.view = options.view;
    this.signal = options.signal;
    this.#options = options;
    this.#narrator = new Narrator(options.view);
  }

  async start(
    name: string,
    service: ServiceName,
    { fixed }: { readonly fixed: boolean } = { fixed: false },
  ): Promise<void> {
    const { launcher, url, folder, remote, signal } = this.#options;
    let running: RunningService | undefined;
    const emit = (event: ServiceEvent): void => {
      // The last events of a stopped service may arrive late.
      if (running !== undefined && this.#services.get(name) !== running) return;
      this.#narrator.show(name, event);
      this.ledger.record(name, event);
    };
    const settings: Settings = { name, url, run: this.run, folder, remote, fixed };
    const onFailure = (reason: string): void => this.ledger.fail(reason);
    const start = launcher.start(service, { settings, emit, onFailure, signal });
    this.#starting.add(start);
    try {
      running = await start;
      this.#services.set(name, running);
    } finally {
      this.#starting.delete(start);
    }
  }

  async stop(name: string): Promise<void> {
    const running = this.#services.get(name);
    this.#services.delete(name);
    await running?.stop();
    this.view.status(name, "down", "dim");
  }

  async crash(name: string): Promise<void> {
    const running = this.#services.get(name);
    this.#services.delete(name);
    if (running === undefined) return;
    this.view.status(name, "crashed", "bad");
    this.view.log(name, running.crashText, "bad");
    await running.crash();
  }

  /** Stops all services. */
  async stopAll(): Promise<void> {
    const late = await Promise.allSettled(this.#starting);
    const services = new Set([
      ...this.#services.values(),
      ...late.flatMap((start) => ("value" in start ? start.value : [])),
    ]);
    this.#services.clear();
    await Promise.all([...services].map((running) => running.stop()));
  }

  /** Writes a file to the watched folder. Returns the id of the change. */
  async write(path: string, content: string | Uint8Array): Promise<string> {
    const file = join(this.#options.folder, path);
    await writeFile(file, content);
    const id = changeId({ path, hash: (await hashOf(file)) ?? "" });
    this.ledger.changed(id);
    return id;
  }

  /** Waits, so that there is time to watch. */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.signal });
  }
}
