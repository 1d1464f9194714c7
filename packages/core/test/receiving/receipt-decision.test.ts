import { describe, expect, test } from "vitest";
import { OWN } from "../../src/contract/headers.ts";
import { decideReceipt, isExpired } from "../../src/receiving/receipt-decision.ts";

const NOW = 1_000;
const notBefore = (time: unknown) => ({ [OWN.notBefore]: String(time) });
const expiresAt = (time: unknown) => ({ [OWN.expiresAt]: String(time) });
const filter = { kind: ["order", "refund"], region: ["eu"] };
const wanted = { kind: "refund", region: "eu" };

const handle = { action: "handle" };
const discard = { action: "discard" };
const filterOut = { action: "filter-out" };
const requeue = (wait: number) => ({ action: "requeue", wait });

describe("at time 1000 a message", () => {
  test.each([
    ["without headers", {}, handle],
    ["with headers of the sender only", { a: "b" }, handle],
    ["that may not be delivered before 1001", notBefore(1_001), requeue(1)],
    ["that may not be delivered before 5000", notBefore(5_000), requeue(4_000)],
    ["that may be delivered from 1000 on", notBefore(1_000), handle],
    ["that may be delivered from 999 on", notBefore(999), handle],
    ["that expires at 1001", expiresAt(1_001), handle],
    ["that expires at 1000", expiresAt(1_000), discard],
    ["that expired at 999", expiresAt(999), discard],
    ["whose times cannot be read", { ...notBefore("soon"), ...expiresAt("later") }, handle],
    ["that is early and has expired", { ...notBefore(2_000), ...expiresAt(500) }, requeue(1_000)],
  ])("%s → %o", (_, headers, decision) => {
    expect(decideReceipt(headers, 0, undefined, NOW)).toEqual(decision);
  });
});

describe("a subscription that filters by kind (order, refund) and region (eu)", () => {
  test.each([
    ["with one of the values of each header", wanted, handle],
    ["with further headers", { ...wanted, kind: "order", size: "7" }, handle],
    ["without one of the headers", { kind: "order" }, filterOut],
    ["with another value", { ...wanted, region: "us" }, filterOut],
    ["without headers", {}, filterOut],
    ["that is early, and filtered out once it is due", { kind: "x", ...notBefore(1_100) }, requeue(100)],
    ["that has expired, and would be filtered out", { kind: "x", ...expiresAt(900) }, discard],
  ])("receives a message %s → %o", (_, headers, decision) => {
    expect(decideReceipt(headers, 0, filter, NOW)).toEqual(decision);
  });
});

test("the rest of a retry's wait counts, whichever ends later: it or the delay in the headers", () => {
  expect(decideReceipt({}, 1_500, undefined, NOW)).toEqual(requeue(500));
  expect(decideReceipt(notBefore(1_800), 1_500, undefined, NOW)).toEqual(requeue(800));
  expect(decideReceipt(notBefore(1_200), 1_500, undefined, NOW)).toEqual(requeue(500));
  expect(decideReceipt(notBefore("NaN"), 1_500, undefined, NOW)).toEqual(requeue(500));
});

test.each(["", "NaN", "Infinity", "1e300", "-1", "0x1", "1.5", "01", "9404642304000000"])(
  'a time that another program wrote as "%s" neither delays nor expires the message',
  (time) => expect(decideReceipt({ ...notBefore(time), ...expiresAt(time) }, 0, undefined, NOW)).toEqual(handle),
);

test("a message without a time to live never expires", () => {
  expect(isExpired({}, Number.MAX_SAFE_INTEGER)).toBe(false);
});

describe("foreign values of headers of ours", () => {
  test("neither delay nor discard, and do not end another wait", () => {
    for (const text of ["", "NaN", "Infinity", "1e300", "-1", "soon", "9404642304000000"]) {
      const headers = { "anybroker-not-before": text, "anybroker-expires-at": text };
      expect(decideReceipt(headers, 0, undefined, 1_000)).toEqual({ action: "handle" });
      expect(decideReceipt(headers, 1_500, undefined, 1_000)).toEqual({ action: "requeue", wait: 500 });
      expect(isExpired(headers, 1_000)).toBe(false);
    }
  });

  test("do both in the form that we write", () => {
    expect(decideReceipt({ "anybroker-not-before": "1500" }, 0, undefined, 1_000)).toMatchObject({ wait: 500 });
    expect(decideReceipt({ "anybroker-expires-at": "1000" }, 0, undefined, 1_000)).toEqual({ action: "discard" });
  });
});
