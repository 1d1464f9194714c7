import type { Report, Row } from "./report.ts";

function figure(value: number | undefined): string {
  if (value === undefined) return "";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(2);
}

const share = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(2));

function cells(row: Row): readonly string[] {
  const { plain, expert, ours } = row.medians;
  const verdict = row.met === undefined ? "" : row.met ? "yes" : "NO";
  return [
    row.title,
    row.unit,
    figure(plain),
    figure(expert),
    figure(ours),
    share(row.ofPlain),
    share(row.ofExpert),
    row.asked ?? "",
    verdict,
  ];
}

/** The report as a table that is also Markdown. */
export function tableOf(report: Report): string {
  const head = ["median", "unit", "plain", "expert", "ours", "of plain", "of expert", "asked", "met"];
  const rows = [head, ...report.rows.map(cells)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const numeric = (column: number): boolean => column >= 2 && column <= 6;
  const print = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (numeric(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (numeric(column) ? `${"-".repeat(width + 1)}:` : "-".repeat(width + 2))).join("|")}|`;
  const [first = [], ...rest] = rows;
  return [print(first), rule, ...rest.map(print)].join("\n");
}

/** What was measured on what, in one line. */
export function headline(report: Report): string {
  const client = report.client === undefined ? "" : `${report.client}, `;
  const busy = report.loadBefore > 0.5 ? `; the machine was busy (load ${report.loadBefore})` : "";
  return `${report.server}, ${client}Node ${report.node}, ${report.cores}, ${report.rounds} rounds${busy}`;
}
