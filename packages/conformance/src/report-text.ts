import { SECTIONS } from "./case.ts";
import { CASES } from "./cases.ts";
import { type CaseResult, type CaseStatus, countByStatus, type SuiteReport } from "./report.ts";

const MARKS: Readonly<Record<CaseStatus, string>> = {
  passed: "✓",
  failed: "✗",
  "not-applicable": "–",
  deviation: "!",
};

/** The report as text for a terminal: every case by section, then the failures, then the totals. */
export function reportAsText(report: SuiteReport): string {
  const { server, backend } = report;
  const heading = server === undefined ? backend : `${backend}, ${server.product} ${server.version}`;
  const sections = Object.entries(SECTIONS).flatMap(([section, title]) => {
    const results = inSuiteOrder(report).filter(({ id }) => CASES.find((one) => one.id === id)?.section === section);
    return results.length === 0 ? [] : [title, ...results.map(line), ""];
  });
  const failed = report.cases.filter(({ status }) => status === "failed");
  const failures = failed.flatMap(({ id, name, reason }) => [`✗ ${id}: ${name}`, indent(reason ?? ""), ""]);
  const counts = countByStatus(report);
  const totals = [
    `${counts.passed} passed, ${counts.failed} failed, ${counts["not-applicable"]} do not apply`,
    ...(counts.deviation === 0 ? [] : [`${counts.deviation} known deviations`]),
  ].join(", ");
  return ["", heading, "", ...sections, ...failures, totals, ""].join("\n");
}

/** Cases end in any order. People look for them in the order of the suite. */
function inSuiteOrder(report: SuiteReport): readonly CaseResult[] {
  const results = new Map(report.cases.map((one) => [one.id, one]));
  return CASES.flatMap(({ id }) => results.get(id) ?? []);
}

function line({ status, name, ms, reason }: CaseResult): string {
  const time = status === "passed" && ms >= 1_000 ? ` (${(ms / 1_000).toFixed(1)} s)` : "";
  const why = status === "not-applicable" || status === "deviation" ? `: ${reason ?? ""}` : "";
  return `  ${MARKS[status]} ${name}${time}${why}`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}
