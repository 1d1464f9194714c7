import type { Finding } from "./finding.ts";
import type { Timeline } from "./timeline.ts";

/** Within this time after an outage a send must succeed, in ms. */
const SEND_AGAIN = 5_000;

/** Sends that rejected although their connection and the server worked for long enough after an outage. */
export function hastyRejections({ sends, disturbances }: Timeline): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { message, outcome, code, called, ended = called } of sends) {
    if (outcome !== "rejected") continue;
    const peace = disturbances.peaceOfSender(called, ended);
    if (peace < SEND_AGAIN) continue;
    const text = `the send of ${message} rejected with ${code}, after ${Math.round(peace)} ms in which everything worked`;
    findings.push({ kind: "rejected", text, messages: [message] });
  }
  return findings;
}

/** Messages that reached a handler or the dead letters, although their send said that the server does not have them. */
export function falseOutcomes({ stories }: Timeline): readonly Finding[] {
  return stories
    .filter(({ sent }) => sent.outcome === "rejected" && !sent.outcomeUnknown)
    .filter(({ runs, dead }) => runs.length + dead.length > 0)
    .map(({ sent, source }) => ({
      kind: "outcome",
      text: `the send of ${sent.message} rejected with outcomeUnknown: false, and ${source.name} had the message`,
      source: source.name,
      messages: [sent.message],
    }));
}
