import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { setup } from "../checker/histories.ts";
import { readHistory, writeSetup } from "./folder.ts";
import { Journal } from "./journal.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "anybroker-journal-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeSetup(folder, setup);
  return folder;
}

test("a history has the events of all processes in the order of time", () => {
  const folder = newFolder();
  const [driver, worker] = [new Journal(folder, "driver"), new Journal(folder, "worker-1.1")];
  driver.write({ type: "confirmed", message: "m1" });
  worker.write({ type: "done", run: "r1" });
  driver.write({ type: "confirmed", message: "m2" });
  driver.close();
  worker.close();
  const history = readHistory(folder);
  expect(history.setup).toEqual(setup);
  expect(history.events.map(({ by, type }) => `${by}: ${type}`)).toEqual([
    "driver: confirmed",
    "worker-1.1: done",
    "driver: confirmed",
  ]);
});

test("every event is in the journal of a process that kills itself right after it", async () => {
  const folder = newFolder();
  const program = `
    const { Journal } = await import(${JSON.stringify(join(import.meta.dirname, "journal.ts"))});
    const journal = new Journal(${JSON.stringify(folder)}, "worker-1.1");
    for (let number = 1; number <= 1_000; number += 1) journal.write({ type: "confirmed", message: "m" + number });
    process.kill(process.pid, "SIGKILL");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
  expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
  expect(readHistory(folder).events).toHaveLength(1_000);
});

test("the last line of a journal may be cut off, and no other one", () => {
  const folder = newFolder();
  const journal = new Journal(folder, "driver");
  journal.write({ type: "confirmed", message: "m1" });
  const append = (text: string): void => appendFileSync(join(folder, "driver.jsonl"), text);
  append('{"at":1,"by":"dri');
  expect(readHistory(folder).events).toHaveLength(1);
  append("\n");
  expect(() => readHistory(folder)).toThrow("driver.jsonl: line 2 is no event");
  journal.close();
});
