import { globSync } from "node:fs";
import { basename } from "node:path";
import { ROOT, read } from "../repository.ts";

/** A list of what the changesets say, which is what the next version brings. */
export function listOfChanges(): string {
  const all = globSync("packages/*", { cwd: ROOT }).length;
  return globSync(".changeset/*.md", { cwd: ROOT })
    .sort()
    .map((path) => {
      const [, head = "", text = ""] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(read(path)) ?? [];
      const packages = [...head.matchAll(/^"@anybroker\/(.+)": /gm)].map(([, name = ""]) => name);
      if (packages.length === 0) throw new Error(`${basename(path)} names no package`);
      const who = packages.length === all ? "all packages" : packages.join(", ");
      return `- **${who}**: ${text.trim().replaceAll(/\s*\n\s*/g, " ")}`;
    })
    .join("\n");
}
