import type { Finding } from "./checker/finding.ts";
import type { Summary } from "./checker/summary.ts";
import type { Event, History } from "./history/event.ts";

/** How many findings of a kind are shown. */
const SHOWN = 3;
/** How many events are shown of the messages of a finding. */
const EVENTS_SHOWN = 60;

/** The report of a soak, for people. */
export function reportOf(history: History, summary: Summary, findings: readonly Finding[]): string {
  const { sent, confirmed, rejected, unknown, expected, handled, runs, failures, duplicated } = summary;
  const lines = [
    history.setup.title,
    `${summary.events} events`,
    `sent         ${sent}: confirmed ${confirmed}, rejected ${rejected} (${unknown} with an unknown outcome)${codes(summary)}`,
    `handled      ${handled} of ${expected - summary.doomed}, in ${runs} runs, of which ${failures} failed`,
    `dead letters ${summary.deadLetters}, of ${summary.doomed} messages that must die; ${summary.crashes} crashes by messages`,
    `duplicated   ${duplicated}, ${summary.duplicatedInPeace} of them without any fault`,
    `forgotten    ${summary.forgotten} runs with an attempt below 1 + failures`,
    ...recoveries(summary),
    ...(findings.length === 0 ? ["no findings"] : shown(findings, history.events)),
    history.setup.command,
  ];
  return lines.join("\n");
}

function codes({ codes: counts }: Summary): string {
  return [...counts].map(([code, count]) => `, ${code} ${count}`).join("");
}

function recoveries({ recoveries: byKind }: Summary): readonly string[] {
  if (byKind.size === 0) return ["no faults"];
  const rows = [...byKind].sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    "fault                      times    until work went on: median, max (ms)",
    ...rows.map(([name, { faults, times }]) => {
      const sorted = times.toSorted((one, other) => one - other);
      const cell = (at: number): string =>
        (sorted[at] === undefined ? "-" : String(Math.round(sorted[at]))).padStart(8);
      return `  ${name.padEnd(24)} ${String(faults).padStart(5)}    ${cell(Math.floor(sorted.length / 2))} ${cell(sorted.length - 1)}`;
    }),
  ];
}

function shown(findings: readonly Finding[], events: readonly Event[]): readonly string[] {
  const byKind = Map.groupBy(findings, ({ kind }) => kind);
  return [
    `${findings.length} FINDINGS: ${[...byKind].map(([kind, all]) => `${kind} ${all.length}`).join(", ")}`,
    ...[...byKind.values()]
      .flatMap((all) => all.slice(0, SHOWN))
      .flatMap((finding) => [
        `- ${finding.kind}: ${finding.text}`,
        ...eventsAbout(finding, events).map((event) => `    ${JSON.stringify(event)}`),
      ]),
  ];
}

/** The events of the messages that a finding is about. */
function eventsAbout({ messages = [], source }: Finding, events: readonly Event[]): readonly Event[] {
  const runs = new Set<string>();
  const about = events.filter((event) => {
    if ("message" in event && messages.includes(event.message)) {
      const elsewhere = "source" in event && event.source !== source;
      if (event.type === "begin" && !elsewhere) runs.add(event.run);
      return !elsewhere;
    }
    return "run" in event && runs.has(event.run);
  });
  return about.slice(0, EVENTS_SHOWN);
}
