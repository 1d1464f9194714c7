import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Event, Fact } from "./event.ts";

/** Milliseconds of the system's monotonic clock, which all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * The events of one process, in a file of its own. Each event is with the operating system before `write` returns, so it
 * survives the death of the process.
 */
export class Journal {
  readonly #by: string;
  readonly #file: number;

  constructor(folder: string, by: string) {
    this.#by = by;
    this.#file = openSync(join(folder, `${by}.jsonl`), "a");
  }

  write(fact: Fact): void {
    const event: Event = { at: now(), by: this.#by, ...fact };
    writeSync(this.#file, `${JSON.stringify(event)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}
