import type { History } from "../history/event.ts";
import { hasDone } from "./losses.ts";
import { type Recoveries, recoveriesOf } from "./recovery.ts";
import { mustDieOf, type Timeline, timelineOf } from "./timeline.ts";

/** The figures of a history. */
export interface Summary {
  readonly events: number;
  readonly sent: number;
  readonly confirmed: number;
  readonly rejected: number;
  readonly unknown: number;
  /** How many sends rejected with each code. */
  readonly codes: ReadonlyMap<string, number>;
  /** Pairs of a confirmed message and a source of its destination. */
  readonly expected: number;
  /** Of those, how many were handled with success. */
  readonly handled: number;
  readonly runs: number;
  readonly failures: number;
  /** Runs that ended with success after another one had. */
  readonly duplicated: number;
  /** Of those, how many without any fault since the send. */
  readonly duplicatedInPeace: number;
  /** Runs whose attempt is lower than 1 plus the failures so far. */
  readonly forgotten: number;
  readonly deadLetters: number;
  /** Of the expected pairs, how many must end as a dead letter. */
  readonly doomed: number;
  readonly crashes: number;
  readonly recoveries: ReadonlyMap<string, Recoveries>;
}

/** Counts what happened. */
export function summarize(history: History): Summary {
  const timeline = timelineOf(history);
  const { setup, sends, stories } = timeline;
  const expected = stories.filter(({ sent }) => sent.outcome === "confirmed");
  const runs = stories.flatMap((story) => story.runs);
  const again = stories.flatMap(({ sent, runs: own }) =>
    own
      .filter((run) => run.outcome === "done")
      .slice(1)
      .map((run) => ({ sent, run })),
  );
  const inPeace = again.filter(({ sent, run }) => !timeline.disturbances.any(sent.called, run.begin));
  return {
    events: history.events.length,
    sent: sends.length,
    confirmed: sends.filter(({ outcome }) => outcome === "confirmed").length,
    rejected: sends.filter(({ outcome }) => outcome === "rejected").length,
    codes: codesOf(timeline),
    unknown: sends.filter(({ outcomeUnknown }) => outcomeUnknown).length,
    expected: expected.length,
    handled: expected.filter(hasDone).length,
    runs: runs.length,
    failures: runs.filter((run) => run.outcome === "failed").length,
    duplicated: again.length,
    duplicatedInPeace: inPeace.length,
    forgotten: forgotten(timeline),
    deadLetters: stories.reduce((sum, { dead }) => sum + dead.length, 0),
    doomed: expected.filter((story) => mustDieOf(story, setup) !== undefined).length,
    crashes: runs.filter((run) => run.outcome === "killing").length,
    recoveries: recoveriesOf(history),
  };
}

function codesOf({ sends }: Timeline): ReadonlyMap<string, number> {
  const codes = new Map<string, number>();
  for (const { code } of sends) if (code !== undefined) codes.set(code, (codes.get(code) ?? 0) + 1);
  return codes;
}

function forgotten({ stories }: Timeline): number {
  let count = 0;
  for (const { runs } of stories) {
    let failures = 0;
    for (const { attempt, outcome } of runs) {
      if (attempt < failures + 1) count += 1;
      if (outcome === "failed") failures += 1;
    }
  }
  return count;
}
