import type { Finding } from "./finding.ts";
import type { Run, Story, Timeline } from "./timeline.ts";

/** How far the clock of the library and that of the journals may drift apart during a delay, in ms. */
const TOLERANCE = 20;

/** Runs that began before the delay of their message, or before the backoff of the failure before. */
export function earlyRuns({ setup, stories }: Timeline): readonly Finding[] {
  const findings: Finding[] = [];
  for (const story of stories) {
    const { sent, source, runs } = story;
    for (const run of runs) {
      const due = run.attempt === 1 ? sent.called + sent.delay : dueAgain(story, run, setup.waits);
      if (due === undefined || run.begin >= due - TOLERANCE) continue;
      const how = `attempt ${run.attempt} of ${sent.message} began ${Math.round(due - run.begin)} ms early`;
      findings.push({
        kind: "early",
        text: `${how} on ${source.name}`,
        source: source.name,
        messages: [sent.message],
      });
    }
  }
  return findings;
}

/** When the attempt may begin at the earliest: after a failure of the attempt before, and its wait. */
function dueAgain({ runs }: Story, { attempt }: Run, waits: readonly number[]): number | undefined {
  const shortest = waits[Math.min(attempt - 2, waits.length - 1)] ?? 0;
  const dues = runs
    .filter((run) => run.outcome === "failed" && run.attempt === attempt - 1 && run.end !== undefined)
    .map((run) => (run.end ?? 0) + (run.delay ?? shortest));
  return dues.length === 0 ? undefined : Math.min(...dues);
}
