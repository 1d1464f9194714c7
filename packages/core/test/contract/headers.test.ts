import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { truncate } from "../../src/contract/headers.ts";

describe("truncate", () => {
  test.each([
    ["abc", 512, "abc"],
    ["ééé", 5, "éé"],
    ["a😀b", 4, "a"],
    ["a😀b", 5, "a😀"],
  ])("cuts %j to %i bytes without cutting a character: %j", (text, max, cut) => {
    expect(truncate(text, max)).toBe(cut);
  });

  test("never makes a text longer than asked, nor ill-formed", () => {
    const unit = fc.constantFrom("a", "é", "€", "😀", "\ud83d", "\ude00");
    fc.assert(
      fc.property(fc.string({ unit }), fc.nat(40), (text, max) => {
        const cut = truncate(text, max);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max);
        expect(cut.isWellFormed()).toBe(true);
        expect(text.toWellFormed().startsWith(cut)).toBe(true);
      }),
    );
  });
});
