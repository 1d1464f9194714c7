import { randomFrom } from "@anybroker-internal/testkit/random";
import type { History } from "../history/event.ts";
import { check } from "./check.ts";
import { INJECTIONS } from "./injections.ts";

/** Violations that were put into a history, by their titles. */
export interface Proof {
  readonly found: readonly string[];
  readonly missed: readonly string[];
  /** Those for which the history has no place. */
  readonly impossible: readonly string[];
}

/** Puts each violation into a history without findings, one at a time and at a random place, and looks for it. */
export function proofOf(history: History, seed: number): Proof {
  const random = randomFrom(seed);
  const proof = { found: [] as string[], missed: [] as string[], impossible: [] as string[] };
  for (const { title, kind, inject } of INJECTIONS) {
    const events = inject(history, (choices) => choices[Math.floor(random() * choices.length)]);
    if (events === undefined) proof.impossible.push(title);
    else if (check({ ...history, events }).some((finding) => finding.kind === kind)) proof.found.push(title);
    else proof.missed.push(title);
  }
  return proof;
}
