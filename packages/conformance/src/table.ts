import { SECTIONS } from "./case.ts";
import { CASES } from "./cases.ts";
import { CATALOGUE, KNOWN_DEFECTS } from "./catalogue.ts";

const INTRODUCTION = `# What the conformance suite shows

Generated from the cases and the catalogue in \`packages/conformance/src\`: change them, then run
\`node --conditions=@anybroker/source scripts/conformance-docs.mjs\`.

A case runs on a backend that has what the case needs: a capability that it declares, or a hook that it offers to the
suite. Where a capability is missing, a case shows that asking for it is refused.
`;

/** The page \`docs/conformance.md\`: every case, every row of the catalogue, and why some rows wait. */
export function conformancePage(): string {
  return [INTRODUCTION, cases(), defects(), catalogue()].join("\n");
}

function cases(): string {
  const parts = Object.entries(SECTIONS).map(([section, title]) => {
    const rows = CASES.filter((one) => one.section === section).map(
      ({ id, name, needs = [] }) => `| \`${id}\` | ${name} | ${needs.map((need) => `\`${need}\``).join(", ")} |`,
    );
    return `### ${title}\n\n| case | promise | needs |\n|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `## The ${CASES.length} cases\n\n${parts.join("\n")}`;
}

function defects(): string {
  const rows = KNOWN_DEFECTS.map(({ defect, cases: ids }) => `| ${defect} | ${code(ids)} |`);
  return `## Defects found in other libraries\n\n| defect | caught by |\n|---|---|\n${rows.join("\n")}\n`;
}

function catalogue(): string {
  const parts = CATALOGUE.map(({ title, rows }) => {
    const lines = rows.map(({ row, title: what, waits }) => {
      const ids = CASES.filter((one) => one.rows.includes(row)).map(({ id }) => id);
      return `| ${row} | ${what} | ${code(ids)} | ${waits ?? ""} |`;
    });
    return `### ${title}\n\n| | what is shown | by | what waits, and why |\n|---|---|---|---|\n${lines.join("\n")}\n`;
  });
  return `## The catalogue\n\nWhat other messaging systems test, row by row.\n\n${parts.join("\n")}`;
}

function code(ids: readonly string[]): string {
  return ids.map((id) => `\`${id}\``).join(", ");
}
