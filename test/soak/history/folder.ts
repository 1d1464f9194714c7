import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Event, History, Setup } from "./event.ts";

const SETUP = "setup.json";

/** Writes what the checker must know besides the events. */
export function writeSetup(folder: string, setup: Setup): void {
  writeFileSync(join(folder, SETUP), `${JSON.stringify(setup, null, 2)}\n`);
}

/** Reads the journals of all processes of a soak. */
export function readHistory(folder: string): History {
  const setup = JSON.parse(readFileSync(join(folder, SETUP), "utf8")) as Setup;
  const journals = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  const events = journals.flatMap((name) => parse(name, readFileSync(join(folder, name), "utf8")));
  // Stable: events of one process stay in their order.
  return { setup, events: events.sort((one, other) => one.at - other.at) };
}

function parse(name: string, text: string): Event[] {
  const lines = text.split("\n");
  // Empty, or the part of a line that a process wrote when it was killed.
  lines.pop();
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as Event;
    } catch (error) {
      throw new Error(`${name}: line ${index + 1} is no event: ${line}`, { cause: error });
    }
  });
}
