import { expect, test } from "vitest";
import { serverVersion } from "../../src/protocol/server-version.ts";

/** The newest versions of the requests Produce, Fetch, OffsetCommit and DescribeLogDirs. */
const knownBy = (produce: number, fetch: number, commit: number, logDirs: number) =>
  new Map([
    [0, produce],
    [1, fetch],
    [8, commit],
    [35, logDirs],
  ]);

test.each([
  ["older than 3.9", knownBy(11, 16, 9, 4)],
  ["3.9", knownBy(11, 17, 9, 4)],
  ["4.0", knownBy(12, 17, 9, 4)],
  ["4.1", knownBy(13, 18, 9, 4)],
  ["4.2", knownBy(13, 18, 10, 4)],
  ["4.3 or later", knownBy(13, 18, 10, 5)],
  ["4.3 or later", knownBy(15, 20, 12, 7)],
  ["older than 3.9", new Map()],
] as const)("a server is known to be %s by the requests that it knows", (version, known) => {
  expect(serverVersion(known)).toBe(version);
});
