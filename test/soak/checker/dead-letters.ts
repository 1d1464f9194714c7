import type { Disturbances } from "./disturbances.ts";
import type { Finding } from "./finding.ts";
import { mustDieOf, type Story, type Timeline } from "./timeline.ts";

/** After so many deliveries in other processes without an outcome a message is given up. */
const CRASHES = 12;

/**
 * Dead letters that must not be there, that say something else than what happened, or that are there twice without any
 * disturbance. A missing one is a loss.
 */
export function wrongDeadLetters(timeline: Timeline): readonly Finding[] {
  return timeline.stories.flatMap((story) => {
    const { source, sent } = story;
    return faultsOf(timeline, story).map((text) => ({
      kind: "dead-letter" as const,
      text: `${sent.message} among the dead letters of ${source.name} ${text}`,
      source: source.name,
      messages: [sent.message],
    }));
  });
}

function faultsOf({ setup, disturbances }: Timeline, story: Story): readonly string[] {
  const { sent, runs, dead } = story;
  const expected = mustDieOf(story, setup);
  const failures = runs.filter((run) => run.outcome === "failed").length;
  const faults: string[] = [];
  for (const { reason, attempts } of dead) {
    if (expected === undefined) {
      faults.push(`must not be there: reason ${reason}, ${failures} failures`);
    } else if (reason === "crash-loop" && mayLookLikeCrashes(disturbances, story)) {
      // The broker counts these faults like crashes that the message caused.
    } else if (reason !== expected) {
      faults.push(`has the reason ${reason}, not ${expected}`);
    } else if (attempts === undefined) {
      faults.push("does not say how many attempts were made");
    } else if (expected === "attempts-exhausted") {
      if (attempts !== setup.attempts) faults.push(`has ${attempts} attempts, not ${setup.attempts}`);
      if (failures < setup.attempts) faults.push(`was given up after ${failures} failures, not ${setup.attempts}`);
    } else if (expected === "refused" && !runs.some((run) => run.outcome === "refused" && run.attempt === attempts)) {
      faults.push(`has ${attempts} attempts, and no handler refused it at that attempt`);
    }
  }
  // The last settlement comes after the last run.
  const last = (runs.at(-1)?.end ?? sent.called) + setup.lease;
  if (dead.length > 1 && !disturbances.any(sent.called, last)) {
    faults.push(`is there ${dead.length} times, without any fault`);
  }
  return faults;
}

/** Whether so many faults met the message in its life that each may have ended a delivery without an outcome. */
function mayLookLikeCrashes(disturbances: Disturbances, { sent, gaveUp }: Story): boolean {
  return gaveUp !== undefined && disturbances.faultsBetween(sent.called, gaveUp) >= CRASHES;
}
