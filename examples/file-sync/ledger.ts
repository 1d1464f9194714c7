import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServiceEvent } from "./service.ts";

/** One line of the result, and whether it is as expected. */
export interface Finding {
  readonly ok: boolean;
  readonly text: string;
}

/** The steps that every change must pass. */
const STEPS = ["published", "indexed", "notified", "uploaded"] as const;
type Step = (typeof STEPS)[number];

const isStep = (type: string): type is Step => STEPS.some((step) => step === type);

const PATIENCE = 30_000;

/** Counts the changes and the events of each service. It never asks the broker. */
export class Ledger {
  /** The ids of all changes to the folder. */
  readonly #changes = new Set<string>();
  /** How often each change has passed each step. */
  readonly #passed: Readonly<Record<Step, Map<string, number>>> = {
    published: new Map(),
    indexed: new Map(),
    notified: new Map(),
    uploaded: new Map(),
  };
  readonly #waiting = new Set<() => void>();
  readonly #halves = new Map<string, string>();
  readonly #failures = new Map<string, number>();
  #redelivered = 0;
  #failure: Error | undefined;

  /** The service that has uploaded half of this file and is not done with it. */
  halfway(path: string): string | undefined {
    return this.#halves.get(path);
  }

  /** How often the indexer has failed on this file. */
  failures(path: string): number {
    return this.#failures.get(path) ?? 0;
  }

  changed(id: string): void {
    this.#changes.add(id);
  }

  record(who: string, event: ServiceEvent): void {
    if (event.type === "received-again") this.#redelivered += 1;
    if (event.type === "failed") this.#failures.set(event.path, event.attempt);
    if (event.type === "uploading") this.#recordHalfway(who, event);
    if (isStep(event.type) && "id" in event) {
      const counts = this.#passed[event.type];
      counts.set(event.id, (counts.get(event.id) ?? 0) + 1);
    }
    for (const check of this.#waiting) check();
  }

  /** Makes every wait fail, because a service has ended on its own. */
  fail(reason: string): void {
    this.#failure ??= new Error(reason);
    for (const check of this.#waiting) check();
  }

  has(done: Step, ids: readonly string[]): boolean {
    return ids.every((id) => this.#passed[done].has(id));
  }

  /** Waits until a condition holds. It is checked after every event. */
  async until(what: string, condition: () => boolean, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = (): void => {
      if (this.#failure) reject(this.#failure);
      else if (condition()) resolve();
    };
    const stop = (): void => reject(signal.reason);
    const timer = setTimeout(
      () => reject(new Error(`timed out after ${PATIENCE / 1000} s, waiting for: ${what}`)),
      PATIENCE,
    );
    signal.addEventListener("abort", stop);
    this.#waiting.add(check);
    try {
      if (signal.aborted) stop();
      check();
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      this.#waiting.delete(check);
    }
  }

  #recordHalfway(who: string, { path, done, size }: Extract<ServiceEvent, { type: "uploading" }>): void {
    if (done * 2 >= size && done < size) this.#halves.set(path, who);
  }

  /** The result of the demo. */
  async findings(folder: string, remote: string, deadLetters: number): Promise<readonly Finding[]> {
    const { published, indexed, notified, uploaded } = this.#passed;
    const changes = [...this.#changes];
    const names = await readdir(folder);
    const same = await Promise.all(names.map((name) => isSame(join(folder, name), join(remote, name))));
    const arrived = same.filter(Boolean).length;
    const lost = changes.filter((id) =>
      [published, indexed, notified, uploaded].some((counts) => !counts.has(id)),
    ).length;
    const seen = (counts: ReadonlyMap<string, number>): number => changes.filter((id) => counts.has(id)).length;
    const twice = [indexed, notified, uploaded]
      .flatMap((counts) => [...counts.values()])
      .reduce((sum, n) => sum + n - 1, 0);
    return [
      { ok: arrived === names.length, text: `${arrived} of ${names.length} files have arrived, byte for byte` },
      {
        ok: seen(indexed) === changes.length,
        text: `${seen(indexed)} of ${changes.length} changes seen by the indexer`,
      },
      {
        ok: seen(notified) === changes.length,
        text: `${seen(notified)} of ${changes.length} changes seen by the notifier`,
      },
      { ok: deadLetters === 0, text: `${deadLetters} dead letters left` },
      {
        ok: lost === 0,
        text: `${lost} lost · ${twice} handled twice · ${this.#redelivered} delivered again after the crash`,
      },
    ];
  }
}

async function isSame(path: string, copy: string): Promise<boolean> {
  const [one, other] = await Promise.all([readFile(path), readFile(copy).catch(() => undefined)]);
  return other !== undefined && one.equals(other);
}
