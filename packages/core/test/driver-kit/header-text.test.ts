import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesAsText, HeaderCollector } from "../../src/driver-kit/header-text.ts";

describe("the bytes of a header's value", () => {
  test("are text when they are UTF-8", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => bytesAsText(Buffer.from(text)) === text));
    expect(bytesAsText(Buffer.from("é😀"))).toBe("é😀");
    expect(bytesAsText(Buffer.alloc(0))).toBe("");
  });

  test("are base64, marked as such, when they are not", () => {
    expect(bytesAsText(Buffer.from([0xff, 0xfe, 0x00]))).toBe("base64://4A");
  });
});

describe("the headers of a received message", () => {
  const collected = (...pairs: readonly (readonly [string, string])[]): Readonly<Record<string, string>> => {
    const collector = new HeaderCollector();
    for (const [name, value] of pairs) collector.add(name, value);
    return collector.headers;
  };

  test("are an empty object without prototype when there are none", () => {
    expect(Object.keys(collected())).toEqual([]);
    expect(Object.getPrototypeOf(collected())).toBe(null);
  });

  test("are an object without prototype, names as they came", () => {
    const headers = collected(["Trace", "1"], ["__proto__", "2"], ["constructor", "3"]);
    expect(Object.getPrototypeOf(headers)).toBe(null);
    expect(Object.entries(headers)).toEqual([
      ["Trace", "1"],
      ["__proto__", "2"],
      ["constructor", "3"],
    ]);
  });

  test("that come several times become a JSON array, in their order", () => {
    expect(collected(["a", "1"], ["b", "x"], ["a", "2"], ["a", "1"])).toMatchObject({ a: '["1","2","1"]', b: "x" });
  });

  test("leave out a repeated one with the name of one of ours", () => {
    const [a, b] = ["anybroker-attempt", "anybroker-dead-at"];
    expect({ ...collected([a, "1"], [b, "x"], [a, "2"], [a, "1"]) }).toEqual({ [b]: "x" });
  });

  test("may repeat an empty value", () => {
    expect(collected(["a", ""], ["a", ""]).a).toBe('["",""]');
  });

  test("that look like a JSON array are not taken for a repeated one", () => {
    expect(collected(["a", "[1]"], ["a", "2"]).a).toBe('["[1]","2"]');
  });
});
