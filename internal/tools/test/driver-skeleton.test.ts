// Every driver has the same files at the top level of its sources. Everything else is in folders.
import { globSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, read } from "../src/repository.ts";

const FILES: readonly string[] = [
  "index.ts",
  "options.ts",
  "capabilities.ts",
  "driver.ts",
  "link.ts",
  "errors.ts",
  "topology.ts",
  "declare.ts",
  "send.ts",
  "source.ts",
  "settle.ts",
  "wire.ts",
  "dead-letters.ts",
  "purge.ts",
  "remove.ts",
  "stats.ts",
  "health.ts",
];
const OPTIONAL: readonly string[] = ["connection.ts"];

/** The packages whose public door exports an adapter. */
const drivers = globSync("packages/*", { cwd: ROOT })
  .map((folder) => basename(folder))
  .filter((name) => /^export (const adapter\b|\{[^}]*\badapter\b)/m.test(read(`packages/${name}/src/index.ts`)))
  .sort();

test("there are drivers", () => {
  expect(drivers).toContain("memory");
});

test.for(drivers)("%s has the same skeleton as every driver", (name) => {
  const files = readdirSync(join(ROOT, `packages/${name}/src`), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
  expect(files.filter((file) => !OPTIONAL.includes(file)).sort()).toEqual([...FILES].sort());
});
