import { expect, test } from "vitest";
import { changeHeaders } from "../../src/driver-kit/changes.ts";

test("headers are set and removed on a copy; all others keep their value and type", () => {
  const native = { "anybroker-attempt": "1", "anybroker-not-before": "1", table: { a: 1 } };
  const changed = changeHeaders<unknown>(native, { "anybroker-attempt": "2", "anybroker-not-before": undefined });
  expect(changed).toEqual({ "anybroker-attempt": "2", table: native.table });
  expect(Object.keys(changed)).not.toContain("anybroker-not-before");
  expect(native["anybroker-attempt"]).toBe("1");
});

test("a message without headers gets those that are set", () => {
  expect(changeHeaders(undefined, { "anybroker-attempt": "1", "anybroker-not-before": undefined })).toEqual({
    "anybroker-attempt": "1",
  });
});
