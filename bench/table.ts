import { markdownTable } from "markdown-table";
import type { BenchReport, Row } from "./report.ts";

function figure(value: number | undefined): string {
  if (value === undefined) return "";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(2);
}

const share = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(2));

function cells(row: Row, hasCeiling: boolean): readonly string[] {
  const { plain, expert, ours, ceiling } = row.medians;
  const verdict = row.met === undefined ? "" : row.met ? "yes" : "NO";
  return [
    row.title,
    row.unit,
    figure(plain),
    figure(expert),
    figure(ours),
    share(row.ofPlain),
    share(row.ofExpert),
    ...(hasCeiling ? [figure(ceiling), share(row.ofCeiling)] : []),
    row.asked ?? "",
    verdict,
  ];
}

/** The report as a Markdown table that is aligned for a terminal. */
export function tableOf(report: BenchReport): string {
  const hasCeiling = report.rows.some(({ medians }) => medians.ceiling !== undefined);
  const ceiling = hasCeiling ? ["ceiling", "of ceiling"] : [];
  const head = ["median", "unit", "plain", "expert", "ours", "of plain", "of expert", ...ceiling, "asked", "met"];
  const rows = report.rows.map((row) => cells(row, hasCeiling));
  const align = ["l", "l", "r", "r", "r", "r", "r", ...ceiling.map(() => "r"), "l", "l"];
  return markdownTable([head, ...rows], { align });
}

/** Server, client and machine, in one line. */
export function headline(report: BenchReport): string {
  const client = report.client === undefined ? "" : `${report.client}, `;
  const busy = report.loadBefore > 0.5 ? `; the machine was busy (load ${report.loadBefore})` : "";
  return `${report.server}, ${client}Node ${report.node}, ${report.cores}, ${report.rounds} rounds${busy}`;
}
