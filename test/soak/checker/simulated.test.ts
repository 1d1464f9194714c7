import { expect, test } from "vitest";
import { check } from "./check.ts";
import { INJECTIONS } from "./injections.ts";
import { proofOf } from "./proof.ts";
import { simulatedHistory } from "./simulated.ts";

const SEEDS = [1, 2, 3];

test.each(SEEDS)("random messages that are handled as they must be have no findings (seed %i)", (seed) => {
  expect(check(simulatedHistory(seed, 1_000))).toEqual([]);
});

test.each(SEEDS)("each violation is found among random messages (seed %i)", (seed) => {
  const all = INJECTIONS.map(({ title }) => title);
  expect(proofOf(simulatedHistory(seed, 1_000), seed)).toEqual({ found: all, missed: [], impossible: [] });
});
