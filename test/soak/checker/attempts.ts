import type { Finding } from "./finding.ts";
import { mustDieOf, type Run, type Story, type Timeline } from "./timeline.ts";

/** The most runs of a message that kills its process: some 20, since not every crash leaves a trace. */
const MAX_CRASHES = 24;

/**
 * Runs whose attempt is not 1 plus the failures that handlers had. Too many is never right. Too few is right in three cases:
 * - The process of the failure was disturbed: it did not hold the message any more, or died before the server had the count.
 * - There may be a second copy of the message, which does not know the failures of the first.
 * - Another process has an ordered message, and failures of a retry in place do not outlive the consumer; or the server was
 *   killed, and does not know that it has delivered the message before.
 * - Another process has an ordered message, where what fails while the members of a group change cannot be noted.
 */
export function wrongAttempts(timeline: Timeline): readonly Finding[] {
  const { setup, stories } = timeline;
  const findings: Finding[] = [];
  for (const story of stories) {
    const { source, sent, runs } = story;
    const wrong = (text: string): void =>
      void findings.push({
        kind: "attempts",
        text: `${text} of ${sent.message} on ${source.name}`,
        source: source.name,
        messages: [sent.message],
      });
    runs.forEach((run, index) => {
      const failures = runs.filter((other) => other.outcome === "failed" && (other.end ?? 0) <= run.begin).length;
      if (run.attempt > setup.attempts) wrong(`attempt ${run.attempt}, more than the policy's ${setup.attempts},`);
      if (run.attempt > failures + 1) wrong(`attempt ${run.attempt} after ${failures} failures`);
      const before = runs[index - 1];
      const least = before === undefined ? 1 : leastAfter(before, setup.attempts);
      if (run.attempt < least && !mayForget(timeline, story, index)) {
        wrong(`attempt ${run.attempt} after attempt ${before?.attempt} (${before?.outcome ?? "unfinished"})`);
      }
    });
  }
  return findings;
}

/**
 * Messages that kill their process and come again and again. A server that was killed may have forgotten the crashes until
 * then, where it counts them itself.
 */
export function endlessCrashes({ setup, stories, disturbances }: Timeline): readonly Finding[] {
  const killers = stories.filter((story) => mustDieOf(story, setup) === "crash-loop");
  return killers.flatMap((story): readonly Finding[] => {
    const { source, sent, runs } = story;
    const [first = 0, last = 0] = [runs[0]?.begin, runs.at(-1)?.begin];
    // One that is given up explains the crashes of another in the same process, which then kills that process too.
    const others = killers.filter(({ gaveUp = 0 }) => first < gaveUp && gaveUp < last).length;
    const forgets = (index: number): boolean =>
      !setup.keepsProgress && disturbances.of([], runs[index - 1]?.begin ?? 0, runs[index]?.begin ?? 0);
    let crashes = 0;
    const most = runs.reduce((sum, _, index) => {
      crashes = index > 0 && forgets(index) ? 1 : crashes + 1;
      return Math.max(sum, crashes);
    }, 0);
    if (most <= MAX_CRASHES + others) return [];
    const text = `${sent.message} killed ${most} processes on ${source.name}, more than ${MAX_CRASHES}`;
    return [{ kind: "crash-loop", text, source: source.name, messages: [sent.message] }];
  });
}

function leastAfter({ attempt, outcome }: Run, attempts: number): number {
  // A message that is handled again after it was settled is a second copy.
  if (outcome === "done" || outcome === "refused" || (outcome === "failed" && attempt >= attempts)) return 1;
  return outcome === "failed" ? attempt + 1 : attempt;
}

/** Whether the failures before a run may be unknown to it. */
function mayForget({ setup, disturbances }: Timeline, { source, sent, runs }: Story, index: number): boolean {
  const run = runs[index];
  const before = runs[index - 1];
  if (run === undefined || before === undefined) return true;
  // A send that was repeated leaves a second copy, and so may any consumer that moves a delayed message.
  if (disturbances.ofSender(sent.called, sent.ended ?? sent.called)) return true;
  if (sent.delay > 0 && disturbances.any(sent.called, run.begin)) return true;
  if (!source.ordered) {
    const lives = [...new Set(runs.slice(0, index + 1).map(({ life }) => life))];
    return disturbances.of(lives, sent.called, run.begin);
  }
  // There are no copies. A process that lives knows what failed while it held the message.
  const samePlace = run.life === before.life;
  if (setup.rebalances && !samePlace && disturbances.any(before.begin - setup.lease, run.begin)) return true;
  if (!setup.keepsProgress && (!samePlace || disturbances.of([], before.begin, run.begin))) return true;
  return disturbances.of([before.life], before.begin, samePlace ? (before.end ?? run.begin) : run.begin);
}
