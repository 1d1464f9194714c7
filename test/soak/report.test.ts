import { expect, test } from "vitest";
import { check } from "./checker/check.ts";
import { dead, fault, historyOf, run, sent } from "./checker/histories.ts";
import { summarize } from "./checker/summary.ts";
import type { Event } from "./history/event.ts";
import { reportOf } from "./report.ts";

function reportFor(...parts: readonly (readonly Event[])[]): readonly string[] {
  const history = historyOf(parts);
  return reportOf(history, summarize(history), check(history)).split("\n");
}

test("a report has the figures, the recovery times and the command that runs it again", () => {
  const lines = reportFor(
    sent("m1", 0),
    run("m1", "plain", 10, 20, { ends: "failed" }),
    run("m1", "plain", 130, 140, { attempt: 2 }),
    sent("m2", 0, { steps: { plain: { fails: 9, by: "deadLetter" } } }),
    run("m2", "plain", 10, 20, { ends: "refused" }),
    dead("m2", "plain", "refused", 1),
    fault("kill", "worker-1.1", 150, 200),
    fault("cut", "driver", 200, 250),
    sent("m3", 300),
    run("m3", "plain", 310, 320, { life: "worker-1.2" }),
    run("m3", "plain", 311, 321, { life: "worker-2.1" }),
  );
  expect(lines).toEqual([
    "paper, seed 1",
    "21 events",
    "sent         3: confirmed 3, rejected 0 (0 with an unknown outcome)",
    "handled      2 of 2, in 5 runs, of which 1 failed",
    "dead letters 1, of 1 messages that must die; 0 crashes by messages",
    "duplicated   1, 0 of them without any fault",
    "forgotten    0 runs with an attempt below 1 + failures",
    "fault                      times    until work went on: median, max (ms)",
    "  driver cut                   1          51       51",
    "  worker kill                  1         110      110",
    "no findings",
    "npm run test:soak -- paper --seed 1",
  ]);
});

test("a report shows each finding with the events of its messages, and counts them by kind", () => {
  const lines = reportFor(sent("m1", 0), sent("m2", 0), run("m2", "plain", 5, 6, { attempt: 2 }));
  const event = (message: string): unknown => expect.stringMatching(`^    {.*"message":"${message}"`);
  expect(lines.slice(-10)).toEqual([
    "2 FINDINGS: lost 1, attempts 1",
    "- lost: m1 was confirmed and after 0 runs never settled on plain",
    event("m1"),
    event("m1"),
    "- attempts: attempt 2 after 0 failures of m2 on plain",
    event("m2"),
    event("m2"),
    event("m2"),
    expect.stringContaining('"done"'),
    "npm run test:soak -- paper --seed 1",
  ]);
});
