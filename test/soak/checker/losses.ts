import type { Finding } from "./finding.ts";
import { completionOf, mustDieOf, type Story, type Timeline } from "./timeline.ts";

/** Confirmed messages that a source never settled: lost, or stuck if the source still has messages. */
export function losses({ setup, stories, left }: Timeline): readonly Finding[] {
  const notEmpty = new Set(left.filter((one) => one.ready + one.delayed + one.inFlight > 0).map((one) => one.source));
  const gaveUp = (story: Story): boolean => mustDieOf(story, setup) !== undefined;
  const settled = (story: Story): boolean => story.dead.length > 0 || (!gaveUp(story) && hasDone(story));
  return stories
    .filter((story) => story.sent.outcome === "confirmed" && !settled(story))
    .map((story) => {
      const { source, sent, runs } = story;
      const last = completionOf(story, setup) === undefined ? "settled" : "found in the dead letters";
      return {
        kind: notEmpty.has(source.name) ? "stuck" : "lost",
        text: `${sent.message} was confirmed and after ${runs.length} runs never ${last} on ${source.name}`,
        source: source.name,
        messages: [sent.message],
      };
    });
}

/** Whether a handler has finished with success. */
export function hasDone({ runs }: Story): boolean {
  return runs.some((run) => run.outcome === "done");
}
