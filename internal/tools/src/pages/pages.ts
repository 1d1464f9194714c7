import { read } from "../repository.ts";
import { capabilitiesTable, limitsTable } from "./capabilities.ts";
import { listOfChanges } from "./changes.ts";
import { codeBlock } from "./code.ts";
import { conformancePage } from "./conformance.ts";
import { optionsTables } from "./options.ts";
import { speedTable } from "./speed.ts";

/** The pages that are generated from the code, whole or in part. */
export const PAGES: readonly string[] = [
  "CHANGELOG.md",
  "README.md",
  "docs/conformance.md",
  "docs/options.md",
  "docs/writing-a-driver.md",
  "examples/smallest-driver/README.md",
];

/** The generated parts: `<!-- generated: NAME ARGUMENTS -->` in a page asks for one. */
const PARTS: Readonly<Record<string, (path: string, name?: string) => string>> = {
  capabilities: capabilitiesTable,
  limits: limitsTable,
  speed: speedTable,
  changes: listOfChanges,
  options: optionsTables,
  code: codeBlock,
};

/** The text of a page as it should be. */
export function upToDate(page: string): string {
  if (page === "docs/conformance.md") return conformancePage();
  return read(page).replaceAll(
    /(<!-- generated: (\w+) ?(\S*) ?(\S*) -->\n)[\s\S]*?(<!-- \/generated -->)/g,
    (_, begin: string, part: string, path: string, name: string, end: string) => {
      const generate = PARTS[part];
      if (generate === undefined) throw new Error(`${page}: there is no generated part ${part}`);
      return `${begin}\n${generate(path, name === "" ? undefined : name)}\n\n${end}`;
    },
  );
}
