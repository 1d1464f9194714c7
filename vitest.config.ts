import { existsSync, readdirSync } from "node:fs";
import { defineConfig } from "vitest/config";

// Both are needed to run tests on the sources, without a build.
const conditions = ["@anybroker/source"];

const folders = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
    .map((entry) => entry.name);

interface Project {
  readonly name: string;
  readonly include: string[];
}

// One project for each package, one for each folder of test/, and "test" for the files of test/ itself.
const projects: readonly Project[] = [
  ...["packages", "internal"].flatMap((parent) =>
    folders(parent).map((name) => ({ name, include: [`${parent}/${name}/test/**/*.test.ts`] })),
  ),
  { name: "examples", include: ["examples/**/*.test.ts"] },
  ...folders("test").map((name) => ({ name, include: [`test/${name}/**/*.test.ts`] })),
  { name: "test", include: ["test/*.test.ts"] },
];

// The project of a backend has one more test, which fails or is skipped if there is no server.
const isThere = ({ name }: Project): string[] =>
  existsSync(`internal/testkit/src/brokers/${name}.ts`) ? ["internal/testkit/src/brokers/is-there.ts"] : [];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    maxWorkers: 3,
    maxConcurrency: 16,
    passWithNoTests: true,
    // A condition may take a while on a busy machine, and on a server that has just started.
    expect: { poll: { timeout: 20_000 } },
    setupFiles: "internal/testkit/src/warnings.ts",
    globalSetup: "internal/testkit/src/brokers/global-setup.ts",
    // For a person: what failed and how far the run is. The full form of the faults says what became of each message.
    silent: process.env.ANYBROKER_FAULTS === "full" ? false : "passed-only",
    slowTestThreshold: 60_000,
    reporters: ["default", "./test/closing-line.ts"],
    projects: projects.map((project) => ({
      extends: true as const,
      test: {
        testTimeout: 180_000,
        hookTimeout: 120_000,
        name: project.name,
        include: [...project.include, ...isThere(project)],
      },
    })),
  },
});
