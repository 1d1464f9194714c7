import type { Finding } from "./finding.ts";
import { completionOf, mustDieOf, type Run, type Story, type Timeline } from "./timeline.ts";

/**
 * Messages of one key whose first handler began before an earlier message was done or dead. The order is that of the
 * sends. It says nothing of a message that waits for its delay, and of one whose send rejected: when the server has it, it
 * may have come late.
 */
export function overtakings({ setup, stories }: Timeline): readonly Finding[] {
  const findings: Finding[] = [];
  const inOrder = stories.filter(({ sent }) => sent.outcome === "confirmed" && sent.delay === 0);
  for (const ofKey of byKey(inOrder)) {
    let latest: { readonly story: Story; readonly at: number } | undefined;
    for (const story of ofKey) {
      const first = story.runs[0]?.begin;
      if (first !== undefined && latest !== undefined && first < latest.at) {
        const { source, sent } = story;
        const before = latest.story.sent.message;
        const text = `${sent.message} of key ${sent.key} began ${Math.round(latest.at - first)} ms before ${before} was done`;
        findings.push({
          kind: "order",
          text: `${text} on ${source.name}`,
          source: source.name,
          messages: [before, sent.message],
        });
      }
      const at = keyFreeAt(story);
      if (at !== undefined && (latest === undefined || at > latest.at)) latest = { story, at };
    }
  }
  return findings;

  function keyFreeAt(story: Story): number | undefined {
    // A message that kills its process is given up without another run.
    if (mustDieOf(story, setup) === "crash-loop") return story.runs.at(-1)?.begin;
    return completionOf(story, setup);
  }
}

/**
 * Handlers that had messages of one key at the same time. One exception: a process that was stopped, cut off or stalled,
 * or whose server was, may go on with a handler while the message is already with another process. Nothing can stop that
 * handler. So between two processes it is no finding if
 * - the process of the first run was disturbed after that run began and before the second began, or
 * - the process of the second run was disturbed when that run began.
 * A disturbance lasts until a lease and a second after the fault. Within one process there is no exception. Where a delayed
 * message does not hold its key, it is left out.
 */
export function overlaps({ setup, stories, disturbances, endOfLife }: Timeline): readonly Finding[] {
  const findings: Finding[] = [];
  const endOf = (run: Run): number => run.end ?? endOfLife.get(run.life) ?? Number.POSITIVE_INFINITY;
  const keyed = setup.delayedKeepKeys ? stories : stories.filter(({ sent }) => sent.delay === 0);
  for (const ofKey of byKey(keyed)) {
    const runs = ofKey.flatMap((story) => story.runs).sort((one, other) => one.begin - other.begin);
    let open: Run[] = [];
    for (const run of runs) {
      open = open.filter((earlier) => endOf(earlier) > run.begin);
      for (const earlier of open) {
        const excused =
          earlier.life !== run.life &&
          (disturbances.of([earlier.life], earlier.begin, run.begin) ||
            disturbances.of([run.life], run.begin, run.begin));
        if (excused) continue;
        const { source, sent } = ofKey[0] ?? {};
        const both = `${earlier.message} in ${earlier.life} and ${run.message} in ${run.life}`;
        findings.push({
          kind: "overlap",
          text: `${both} were handled at the same time, both of key ${sent?.key} on ${source?.name}`,
          source: source?.name ?? "",
          messages: [...new Set([earlier.message, run.message])],
        });
      }
      open.push(run);
    }
  }
  return findings;
}

/** The stories of each key of each ordered source, in the order of the sends. */
function byKey(stories: readonly Story[]): Iterable<readonly Story[]> {
  const ordered = stories.filter(({ source }) => source.ordered);
  return Map.groupBy(ordered, ({ source, sent }) => `${source.name} ${sent.key ?? ""}`).values();
}
