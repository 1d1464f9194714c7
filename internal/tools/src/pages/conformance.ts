import { CASES, CATALOGUE, KNOWN_DEFECTS, SECTIONS } from "@anybroker/conformance";
import { table } from "./table.ts";

const INTRODUCTION = `# What the conformance suite shows

This page is generated from the cases and the catalogue in \`packages/conformance/src\`. Change them, then run
\`npm run docs\`.

A case runs on every backend that has what the case needs: a capability that the driver declares, or a hook that the
suite is given. Where a capability is missing, another case shows that a request for it is refused.
`;

/** The page `docs/conformance.md`: every case, every row of the catalogue, and why some rows have none. */
export function conformancePage(): string {
  return [INTRODUCTION, cases(), defects(), catalogue()].join("\n");
}

function cases(): string {
  const sections = Object.entries(SECTIONS).map(([section, title]) => {
    const rows = CASES.filter((one) => one.section === section).map(({ id, name, needs = [] }) => [
      code([id]),
      name,
      code(needs),
    ]);
    return `### ${title}\n\n${table(["case", "promise", "needs"], rows)}\n`;
  });
  return `## The ${CASES.length} cases\n\n${sections.join("\n")}`;
}

function defects(): string {
  const rows = KNOWN_DEFECTS.map(({ defect, cases: ids }) => [defect, code(ids)]);
  return `## Defects found in other libraries\n\n${table(["defect", "caught by"], rows)}\n`;
}

function catalogue(): string {
  const groups = CATALOGUE.map(({ title, rows }) => {
    const cells = rows.map(({ row, title: what, gap = "" }) => {
      const ids = CASES.filter((one) => one.rows.includes(row)).map(({ id }) => id);
      return [String(row), what, code(ids), gap];
    });
    return `### ${title}\n\n${table(["", "what is shown", "by", "what no case shows, and why"], cells)}\n`;
  });
  return `## The catalogue\n\nWhat other messaging systems test, and the cases that show it here.\n\n${groups.join("\n")}`;
}

function code(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}
