import { describe, expect, test } from "vitest";
import { OWN } from "../../src/contract/headers.ts";
import { decideSuspect, Suspects } from "../../src/receiving/suspects.ts";
import { delivery } from "../deliveries.ts";
import { ManualClock } from "../manual-clock.ts";

const counted = (deliveries: number | undefined) => delivery("x", { deliveries });

describe("a message that was delivered without an outcome", () => {
  test.each([
    // how often before, whether it is a marked copy → what becomes of it
    [undefined, false, "handle"],
    [0, false, "handle"],
    [9, false, "handle"],
    [10, false, "mark"],
    [99, false, "mark"],
    [0, true, "handle"],
    [2, true, "handle"],
    [3, true, "give-up"],
    [undefined, true, "handle"],
  ] as const)("%s times, marked: %s → %s", (deliveries, marked, expected) => {
    const headers = marked ? { [OWN.suspect]: "1" } : {};
    expect(decideSuspect(delivery("x", { deliveries, headers }))).toBe(expected);
  });
});

describe("reading", () => {
  test("narrows at the first delivery that came back twice, once", () => {
    const suspects = new Suspects(new ManualClock());
    expect(suspects.noticeIn([counted(0), counted(1), counted(undefined)])).toBe(false);
    expect(suspects.narrow).toBe(false);
    expect(suspects.noticeIn([counted(0), counted(2)])).toBe(true);
    expect(suspects.narrow).toBe(true);
    expect(suspects.noticeIn([counted(3)])).toBe(false);
  });

  test("is wide again, once, a minute after the last suspect", async () => {
    const clock = new ManualClock();
    const suspects = new Suspects(clock);
    expect(suspects.haveCalmedDown()).toBe(false);
    suspects.noticeIn([counted(2)]);
    await clock.advance(50_000);
    suspects.noticeIn([counted(2)]);
    await clock.advance(59_999);
    expect(suspects.haveCalmedDown()).toBe(false);
    await clock.advance(1);
    expect(suspects.haveCalmedDown()).toBe(true);
    expect(suspects.narrow).toBe(false);
    expect(suspects.haveCalmedDown()).toBe(false);
  });
});
