import { SECTIONS } from "./case.ts";
import { CASES } from "./cases.ts";
import { type CaseReport, type CaseStatus, type Report, tally } from "./report.ts";

const MARKS: Readonly<Record<CaseStatus, string>> = {
  passed: "✓",
  failed: "✗",
  "not-applicable": "–",
  deviation: "!",
};

/** A report for people: every case by its part of the catalogue, then what failed, then the sums. */
export function reportAsText(report: Report): string {
  const { server, backend } = report;
  const head = server === undefined ? backend : `${backend}, ${server.product} ${server.version}`;
  const parts = Object.entries(SECTIONS).flatMap(([section, title]) => {
    const lines = inOrder(report).filter(({ id }) => CASES.find((one) => one.id === id)?.section === section);
    return lines.length === 0 ? [] : [title, ...lines.map(line), ""];
  });
  const failed = report.cases.filter(({ status }) => status === "failed");
  const failures = failed.flatMap(({ id, name, reason }) => [`✗ ${id}: ${name}`, indent(reason ?? ""), ""]);
  const counts = tally(report);
  const sums = [
    `${counts.passed} passed, ${counts.failed} failed, ${counts["not-applicable"]} do not apply`,
    ...(counts.deviation === 0 ? [] : [`${counts.deviation} known deviations`]),
  ].join(", ");
  return ["", head, "", ...parts, ...failures, sums, ""].join("\n");
}

/** Cases end in any order; people look for them in the suite's. */
function inOrder(report: Report): readonly CaseReport[] {
  const ended = new Map(report.cases.map((one) => [one.id, one]));
  return CASES.flatMap(({ id }) => ended.get(id) ?? []);
}

function line({ status, name, ms, reason }: CaseReport): string {
  const time = status === "passed" && ms >= 1_000 ? ` (${(ms / 1_000).toFixed(1)} s)` : "";
  const why = status === "not-applicable" || status === "deviation" ? `: ${reason ?? ""}` : "";
  return `  ${MARKS[status]} ${name}${time}${why}`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}
