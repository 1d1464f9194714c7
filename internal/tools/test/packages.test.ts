// The fields of each package that a registry shows.
import { existsSync, globSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { PUBLISHED_AT, pathOfPublished, ROOT, read } from "../src/repository.ts";

const names = globSync("packages/*", { cwd: ROOT }).map((folder) => basename(folder));
// The cast is true of every package.json.
const manifest = (path: string): Record<string, unknown> => JSON.parse(read(path)) as Record<string, unknown>;
const version = manifest("packages/core/package.json").version;

test("the repository is where its root package says", () => {
  expect(manifest("package.json").repository).toEqual({ type: "git", url: `git+${PUBLISHED_AT}.git` });
});

describe.for(names)("@anybroker/%s", (name) => {
  test("says what it is, where it comes from, and where to report faults", () => {
    expect(manifest(`packages/${name}/package.json`)).toMatchObject({
      name: `@anybroker/${name}`,
      version,
      description: expect.stringMatching(/^.{40,120}\.$/),
      keywords: expect.arrayContaining(["anybroker"]),
      homepage: `${PUBLISHED_AT}/tree/main/packages/${name}#readme`,
      bugs: `${PUBLISHED_AT}/issues`,
      repository: { type: "git", url: `git+${PUBLISHED_AT}.git`, directory: `packages/${name}` },
      license: "Apache-2.0",
    });
  });

  test("is built before it is packed, also when the built files have been deleted", () => {
    expect(manifest(`packages/${name}/package.json`).scripts).toMatchObject({ prepack: "tsc -b" });
    // The compiler goes by this file alone, so it has to go with what was built.
    expect(manifest(`packages/${name}/tsconfig.json`).compilerOptions).toMatchObject({
      outDir: "dist",
      tsBuildInfoFile: "dist/.tsbuildinfo",
    });
  });

  test("has a README whose links work on the page of a registry", () => {
    const targets = [...read(`packages/${name}/README.md`).matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
    expect(targets.filter((target) => !/^(https:|#)/.test(target))).toEqual([]);
  });
});

test("files of the repository that the sources name exist", () => {
  const named = globSync("packages/*/src/**/*.ts", { cwd: ROOT }).flatMap((path) =>
    [...read(path).matchAll(/https:\/\/github\.com\/anybroker\/[^\s"'`)]+/g)].map(([link]) => link),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((link) => !existsSync(join(ROOT, pathOfPublished(link)?.split("#")[0] ?? "?")))).toEqual([]);
});
