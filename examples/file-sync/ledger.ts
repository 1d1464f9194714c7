import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Report } from "./service.ts";

/** One line of the result, and whether it is as it should be. */
export interface Finding {
  readonly ok: boolean;
  readonly text: string;
}

/** What is done with every change. */
const STEPS = ["published", "indexed", "notified", "uploaded"] as const;
type Step = (typeof STEPS)[number];

const isStep = (type: string): type is Step => STEPS.some((step) => step === type);

const PATIENCE = 30_000;

/** Keeps count of what was changed and of what each service has told. Nothing here asks the broker. */
export class Ledger {
  /** Every change that was made to the folder, by its id. */
  readonly #made = new Set<string>();
  /** How often each change was reported, by what was done with it. */
  readonly #told: Readonly<Record<Step, Map<string, number>>> = {
    published: new Map(),
    indexed: new Map(),
    notified: new Map(),
    uploaded: new Map(),
  };
  readonly #waiting = new Set<() => void>();
  readonly #halves = new Map<string, string>();
  readonly #failures = new Map<string, number>();
  #again = 0;
  #broken: Error | undefined;

  /** Who has done half of this file and is not through with it. */
  halfway(path: string): string | undefined {
    return this.#halves.get(path);
  }

  /** How often the indexer has failed on this file. */
  failures(path: string): number {
    return this.#failures.get(path) ?? 0;
  }

  made(id: string): void {
    this.#made.add(id);
  }

  tell(who: string, report: Report): void {
    if (report.type === "received-again") this.#again += 1;
    if (report.type === "failed") this.#failures.set(report.path, report.attempt);
    if (report.type === "uploading") this.#halfway(who, report);
    if (isStep(report.type) && "id" in report) {
      const counts = this.#told[report.type];
      counts.set(report.id, (counts.get(report.id) ?? 0) + 1);
    }
    for (const look of this.#waiting) look();
  }

  /** A service has ended by itself: whoever waits is told. */
  breaks(reason: string): void {
    this.#broken ??= new Error(reason);
    for (const look of this.#waiting) look();
  }

  has(done: Step, ids: readonly string[]): boolean {
    return ids.every((id) => this.#told[done].has(id));
  }

  /** Waits until a condition holds, which is looked at after every report. */
  async until(what: string, condition: () => boolean, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#broken) reject(this.#broken);
      else if (condition()) resolve();
    };
    const stop = (): void => reject(signal.reason);
    const timer = setTimeout(
      () => reject(new Error(`after ${PATIENCE / 1000} seconds still no sign of: ${what}`)),
      PATIENCE,
    );
    signal.addEventListener("abort", stop);
    this.#waiting.add(look);
    try {
      if (signal.aborted) stop();
      look();
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      this.#waiting.delete(look);
    }
  }

  #halfway(who: string, { path, done, size }: Extract<Report, { type: "uploading" }>): void {
    if (done * 2 >= size && done < size) this.#halves.set(path, who);
  }

  /** What came of it all. */
  async findings(folder: string, remote: string, deadLetters: number): Promise<readonly Finding[]> {
    const { published, indexed, notified, uploaded } = this.#told;
    const made = [...this.#made];
    const names = await readdir(folder);
    const same = await Promise.all(names.map((name) => isSame(join(folder, name), join(remote, name))));
    const arrived = same.filter(Boolean).length;
    const lost = made.filter((id) => [published, indexed, notified, uploaded].some((counts) => !counts.has(id))).length;
    const seen = (counts: ReadonlyMap<string, number>): number => made.filter((id) => counts.has(id)).length;
    const twice = [indexed, notified, uploaded]
      .flatMap((counts) => [...counts.values()])
      .reduce((sum, n) => sum + n - 1, 0);
    return [
      { ok: arrived === names.length, text: `${arrived} of ${names.length} files have arrived, byte for byte` },
      { ok: seen(indexed) === made.length, text: `${seen(indexed)} of ${made.length} changes seen by the indexer` },
      { ok: seen(notified) === made.length, text: `${seen(notified)} of ${made.length} changes seen by the notifier` },
      { ok: deadLetters === 0, text: `${deadLetters} dead letters left` },
      {
        ok: lost === 0,
        text: `${lost} lost · ${twice} handled twice · ${this.#again} handed out again after the crash`,
      },
    ];
  }
}

async function isSame(path: string, copy: string): Promise<boolean> {
  const [one, other] = await Promise.all([readFile(path), readFile(copy).catch(() => undefined)]);
  return other !== undefined && one.equals(other);
}
