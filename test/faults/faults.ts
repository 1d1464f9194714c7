import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { randomFrom } from "@anybroker-internal/testkit/random";
import { afterAll, expect, test } from "vitest";
import type { Scenario } from "./scenario.ts";
import { ScenarioContext } from "./scenario-context.ts";
import { scenarios } from "./scenarios.ts";
import { seed } from "./seed.ts";
import type { FaultSubject, FaultyServer } from "./subject.ts";
import type { Need } from "./workload.ts";

/** The full form runs every scenario, at its full size, one at a time. */
const full = process.env.ANYBROKER_FAULTS === "full";
const MINUTE = 60_000;

/** Defines a test for each scenario: those for every subject, or the given ones. */
export async function faults(subject: FaultSubject, selected: readonly Scenario[] = scenarios): Promise<void> {
  await withServers(subject.module, () => {
    let started: Promise<FaultyServer> | undefined;
    const stop = async (): Promise<void> => {
      const server = await started;
      started = undefined;
      await server?.stop();
    };
    afterAll(stop);
    for (const scenario of selected) {
      const messages = full ? scenario.messages.full : scenario.messages.short;
      if (messages === undefined) continue;
      const concurrent = !full && scenario.sparesServer === true;
      test(scenario.title, { timeout: (full ? 60 : 10) * MINUTE, concurrent }, async (testContext) => {
        started ??= subject.start();
        const server = await started;
        const defect = subject.defects?.[scenario.title];
        if (defect !== undefined) testContext.skip(`a known defect: ${defect}`);
        const lacks = scenario.needs === undefined ? undefined : lackOf(subject, server, scenario.needs);
        if (lacks !== undefined) testContext.skip(lacks);
        try {
          await perform(subject, server, scenario, messages);
        } catch (error) {
          // The server may be in any state.
          if (scenario.sparesServer !== true) await stop();
          throw error;
        }
      });
    }
  });
}

/** Why a subject does not have what a scenario needs; undefined if it does. */
function lackOf(subject: FaultSubject, server: FaultyServer, need: Need): string | undefined {
  if (need === "alarm") return server.alarm === undefined ? `${subject.name} has no alarm` : undefined;
  // The full form waits for a patient client.
  return need === "impatience" && full ? undefined : subject.lacks?.[need];
}

async function perform(
  subject: FaultSubject,
  server: FaultyServer,
  scenario: Scenario,
  messages: number,
): Promise<void> {
  const since = performance.now();
  await using context = new ScenarioContext(subject, server, scenario, { messages, full, random: randomFrom(seed) });
  const { outcomes } = context;
  const all = async (): Promise<void> => {
    await scenario.run(context);
    await context.finish();
  };
  try {
    await Promise.race([all(), context.stuck]);
  } finally {
    const { sent, failed, confirmed, handled } = outcomes.counts;
    const sends = `sent ${sent}, failed ${failed}, confirmed ${confirmed}`;
    const runs = `handled ${handled}, duplicated ${outcomes.duplicated}, lost ${outcomes.missing.length}`;
    const dead = outcomes.doomed.length === 0 ? "" : `, dead ${outcomes.doomed.length}`;
    const excused = outcomes.excused === 0 ? "" : `, ${outcomes.excused} deleted with their queue`;
    const seconds = ((performance.now() - since) / 1_000).toFixed(1);
    console.log(`${subject.name}: ${scenario.title}: ${sends}, ${runs}${dead}${excused}, ${seconds} s, seed ${seed}`);
  }
  expect(outcomes.problems).toEqual([]);
  expect(outcomes.missing).toEqual([]);
  expect(outcomes.counts.confirmed).toBe(messages);
}
