import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkHeaderName, truncate } from "../../src/contract/headers.ts";

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

describe("the name of a header", () => {
  test.each(["tenant", "x-tenant", "1.a_b", "x".repeat(128), "cloudEvents:type"])("can be %s", (name) => {
    expect(() => checkHeaderName(name)).not.toThrow();
  });

  test.each([
    ["X-Tenant", 'header "X-Tenant": names of headers are in lower case; use "x-tenant"'],
    ["cloudEvents:Type", 'header "cloudEvents:Type": names of headers are in lower case; use "cloudEvents:type"'],
    ["x tenant", 'header "x tenant": " " at position 2 is not allowed; a name has 1 to 128 lower-case letters'],
    ["-tenant", 'header "-tenant": a name has 1 to 128 lower-case letters, digits'],
    ["", 'header "": a name has 1 to 128'],
    ["anybroker-attempt", "reserved for anybroker"],
  ])("is refused with what is wrong in it: %j", (name, message) => {
    expect(() => checkHeaderName(name)).toThrow(TypeError);
    expect(() => checkHeaderName(name)).toThrow(message);
  });
});
