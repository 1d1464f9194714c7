import { consume } from "./consume.ts";
import { heap } from "./heap.ts";
import { latency } from "./latency.ts";
import type { Line } from "./line.ts";
import { sendBatch, sendMany, sendOne } from "./send.ts";

/** All lines, in the order of the table. */
export const lines: readonly Line[] = [sendOne, sendMany, sendBatch, consume, latency, heap];

/** The line with this name. */
export function lineOf(name: string): Line {
  const line = lines.find((each) => each.name === name);
  if (line === undefined)
    throw new TypeError(`no line "${name}"; known lines: ${lines.map((each) => each.name).join(", ")}`);
  return line;
}
