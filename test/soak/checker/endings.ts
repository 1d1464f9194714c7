import { workerOf } from "../history/event.ts";
import type { Finding } from "./finding.ts";
import type { Timeline } from "./timeline.ts";

/** Finds work that has not come to its end although everything was up: sends, sources, and processes that handle nothing. */
export function stuckEndings({ setup, events, sends, left }: Timeline): readonly Finding[] {
  const findings: Finding[] = [];
  const stuck = (text: string, more: Partial<Finding> = {}): void =>
    void findings.push({ kind: "stuck", text, ...more });
  for (const event of events) if (event.type === "stuck") stuck(event.what);
  for (const { message, outcome } of sends) {
    if (outcome === undefined) stuck(`the send of ${message} neither resolved nor rejected`, { messages: [message] });
  }
  for (const { source, ready, delayed, inFlight } of left) {
    if (ready + delayed + inFlight === 0) continue;
    stuck(
      `${source} has ${ready} ready, ${delayed} delayed and ${inFlight} in flight after every consumer has closed`,
      {
        source,
      },
    );
  }
  const calm = events.findLast((event) => event.type === "calm")?.at ?? Number.POSITIVE_INFINITY;
  const busy = new Set<string>();
  for (const event of events) if (event.type === "begin" && event.at >= calm) busy.add(workerOf(event.by));
  for (const worker of Number.isFinite(calm) ? setup.workers : []) {
    if (!busy.has(worker)) stuck(`${worker} handled nothing after the last fault`);
  }
  return findings;
}

/** Processes and consumers that ended on their own, and what was never sent. */
export function surprises({ events, strangers }: Timeline): readonly Finding[] {
  const texts = events.flatMap((event) => {
    if (event.type === "ended" && !event.planned) return `${event.life} ended on its own: ${event.how}`;
    if (event.type === "closed") return `the consumer of ${event.source} in ${event.by} closed: ${event.reason}`;
    return [];
  });
  return [...texts, ...strangers].map((text) => ({ kind: "unexpected", text }));
}
