import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { afterAll, expect, test } from "vitest";
import type { FaultBackend, FaultyServer } from "./backend.ts";
import { randomFrom, seed } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { Stage } from "./stage.ts";

/** The full form takes every scenario, at its full size, one at a time. */
const full = process.env.ANYBROKER_FAULTS === "full";
const MINUTE = 60_000;

/** Puts a backend through the scenarios: those of every backend, or some of its own. */
export async function faults(backend: FaultBackend, own: readonly Scenario[] = scenarios): Promise<void> {
  await withServers(backend.module, () => {
    let started: Promise<FaultyServer> | undefined;
    const stop = async (): Promise<void> => {
      const server = await started;
      started = undefined;
      await server?.stop();
    };
    afterAll(stop);
    for (const scenario of own) {
      const messages = full ? scenario.messages.full : scenario.messages.short;
      if (messages === undefined) continue;
      const concurrent = !full && scenario.sparesServer === true;
      test(scenario.title, { timeout: (full ? 60 : 10) * MINUTE, concurrent }, async (context) => {
        started ??= backend.start();
        const server = await started;
        if (scenario.needs === "alarm" && server.alarm === undefined) context.skip(`${backend.name} has no alarm`);
        try {
          await perform(backend, server, scenario, messages);
        } catch (error) {
          // It may have been left in any state.
          if (scenario.sparesServer !== true) await stop();
          throw error;
        }
      });
    }
  });
}

async function perform(
  backend: FaultBackend,
  server: FaultyServer,
  scenario: Scenario,
  messages: number,
): Promise<void> {
  const since = performance.now();
  await using stage = new Stage(backend, server, scenario, { messages, full, random: randomFrom(seed) });
  const { tally } = stage;
  const all = async (): Promise<void> => {
    await scenario.play(stage);
    await stage.finish();
  };
  try {
    await Promise.race([all(), stage.stuck]);
  } finally {
    const { sent, failed, confirmed, handled } = tally.counts;
    const sends = `sent ${sent}, failed ${failed}, confirmed ${confirmed}`;
    const runs = `handled ${handled}, duplicated ${tally.duplicated}, lost ${tally.missing.length}`;
    const dead = tally.doomed.length === 0 ? "" : `, dead ${tally.doomed.length}`;
    const excused = tally.excused === 0 ? "" : `, ${tally.excused} gone with their queue`;
    const seconds = ((performance.now() - since) / 1_000).toFixed(1);
    console.log(`${backend.name}: ${scenario.title}: ${sends}, ${runs}${dead}${excused}, ${seconds} s, seed ${seed}`);
  }
  expect(tally.problems).toEqual([]);
  expect(tally.missing).toEqual([]);
  expect(tally.counts.confirmed).toBe(messages);
}
