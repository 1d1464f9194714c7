import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after as nodeAfter, test as nodeTest } from "node:test";
import {
  CASES,
  conformance,
  overrideDriver,
  type Runner,
  runConformance,
  type Subject,
  withCapabilities,
} from "@anybroker/conformance";
import { afterAll, expect, expectTypeOf, test } from "vitest";
import { changeMessages } from "../src/change.ts";
import { memorySubject } from "../src/memory-subject.ts";

const { subject, close } = await memorySubject("suite", (driver) => driver);
afterAll(close);

const only = (...ids: readonly string[]) => ({ only: ({ id }: { readonly id: string }) => ids.includes(id) });
const withoutPriority: Subject = {
  ...subject,
  around: (driver) => changeMessages(driver, (message) => ({ ...message, priority: undefined })),
};

test("a case that fails and is a known deviation is reported as one, with the reason", async () => {
  const deviations = { priority: "the server does not sort" };
  const { cases } = await runConformance({ ...withoutPriority, deviations }, only("priority"));
  expect(cases).toMatchObject([{ id: "priority", status: "deviation", reason: "the server does not sort" }]);
});

test("a deviation that passes fails the run", async () => {
  const { cases } = await runConformance({ ...subject, deviations: { priority: "old" } }, only("priority"));
  expect(cases).toMatchObject([{ status: "failed", reason: expect.stringContaining("passes priority") }]);
});

test("a deviation that names no case is refused", () => {
  const unknown = { ...subject, deviations: { nonsense: "why" } };
  expect(() => conformance(unknown, { test: () => {} })).toThrow(/nonsense/);
});

test("a case whose capability is missing does not apply, and the reason names the capability", async () => {
  const without: Subject = { ...subject, around: (driver) => withCapabilities(driver, { priority: "none" }) };
  const { cases, capabilities } = await runConformance(without, only("priority", "without-priority"));
  expect(cases.find(({ id }) => id === "priority")).toMatchObject({
    status: "not-applicable",
    reason: expect.stringContaining("priority"),
  });
  expect(cases.find(({ id }) => id === "without-priority")).toMatchObject({ status: "passed" });
  expect(capabilities?.priority).toBe("none");
});

test("a case whose hook is missing does not apply, and the reason names the hook", async () => {
  const { cases } = await runConformance(subject, only("foreign-message"));
  expect(cases).toMatchObject([{ status: "not-applicable", reason: expect.stringContaining("foreign") }]);
});

test("a driver that never connects fails every case within seconds", async () => {
  const silent: Subject = {
    ...subject,
    patience: 200,
    around: (driver) => overrideDriver(driver, { connect: () => new Promise(() => {}) }),
  };
  const start = performance.now();
  const { cases } = await runConformance(silent);
  expect(cases).toHaveLength(CASES.length);
  expect(new Set(cases.map(({ status }) => status))).toEqual(new Set(["failed"]));
  expect(performance.now() - start).toBeLessThan(5_000);
});

test("a report is written after the last case", async () => {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  const runs: (() => Promise<void>)[] = [];
  const context = { signal: new AbortController().signal, skip: () => {} };
  let written = async (): Promise<void> => {};
  const runner: Runner = {
    test: (_, run) => void runs.push(() => run(context)),
    after: (run) => {
      written = run;
    },
  };
  conformance(subject, runner, { report: join(folder, "report.json"), ...only("json-body", "text-body") });
  for (const run of runs) await run();
  await written();
  const report: unknown = JSON.parse(await readFile(join(folder, "report.json"), "utf8"));
  await rm(folder, { recursive: true });
  expect(report).toMatchObject({ backend: "suite", cases: [{ status: "passed" }, { status: "passed" }] });
});

test("the test runners of vitest and of Node fit", () => {
  expectTypeOf({ test: test.concurrent, after: afterAll }).toExtend<Runner>();
  expectTypeOf({ test: nodeTest, after: nodeAfter }).toExtend<Runner>();
});
