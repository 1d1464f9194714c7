import { expect, test } from "vitest";
import { pack } from "../../src/scripts/pack.ts";

const binary = Buffer.from([0, 255, 254]);

test("texts, bytes and numbers are packed as MessagePack", () => {
  const long = "x".repeat(65);
  expect(pack(["ab", "ü", binary]).toString("hex")).toBe("db000000026162db00000002c3bcdb0000000300fffe");
  expect(pack([long]).toString("latin1")).toBe(`\xdb\0\0\0\x41${long}`);
  expect(pack([1, 2 ** 41]).toString("hex")).toBe("cb3ff0000000000000cb4280000000000000");
});
