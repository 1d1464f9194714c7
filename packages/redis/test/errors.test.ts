import { BrokerError } from "@anybroker/core";
import { type Redis, ReplyError } from "ioredis";
import { expect, test } from "vitest";
import { classify, isServerError, withoutCommand } from "../src/errors.ts";
import { plain, unique } from "./harness.ts";

/** The error of ioredis when the server refuses something. */
async function refused(attempt: (client: Redis) => Promise<unknown>): Promise<unknown> {
  return attempt(plain()).then(
    () => expect.fail("nothing was refused"),
    (error: unknown) => error,
  );
}

test.each<[string, string, boolean, Parameters<typeof refused>[0]]>([
  ["a missing group", "NOT_FOUND", false, (client) => client.xpending(`{${unique()}}`, "g")],
  ["a missing stream", "NOT_FOUND", false, (client) => client.xinfo("GROUPS", `{${unique()}}`)],
  ["a wrong password", "UNAUTHORIZED", false, (client) => client.auth("nobody", "s3cret")],
  ["an unknown command", "UNSUPPORTED", false, (client) => client.call("NONSENSE")],
  ["a missing database", "INVALID_CONFIG", false, (client) => client.select(1_000_000)],
  ["a command with wrong arguments", "REJECTED", false, (client) => client.call("XADD", "x", "nonsense", "a", "b")],
  [
    "a key of another type",
    "DRIFT",
    false,
    async (client) => {
      const key = `{${unique()}}`;
      await client.set(key, "text");
      await client.xadd(key, "*", "a", "b");
    },
  ],
  [
    "a closed connection",
    "UNAVAILABLE",
    true,
    async (client) => {
      await client.quit();
      await client.ping();
    },
  ],
])("%s is %s", async (_, code, retryable, attempt) => {
  expect(classify(await refused(attempt))).toEqual({ code, retryable });
});

// Errors that a short test cannot provoke, in the words of Redis, ioredis and Node.
test.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", undefined, "QUOTA", true],
  ["ERR max number of clients reached", undefined, "QUOTA", true],
  ["ERR Protocol error: invalid bulk length", undefined, "TOO_LARGE", false],
  ["NOAUTH Authentication required.", undefined, "UNAUTHORIZED", false],
  ["NOPERM this user has no permissions to run the 'xadd' command", undefined, "FORBIDDEN", false],
  ["UNBLOCKED the stream key no longer exists", undefined, "NOT_FOUND", false],
  ["LOADING Redis is loading the dataset in memory", undefined, "UNAVAILABLE", true],
  ["READONLY You can't write against a read only replica.", undefined, "UNAVAILABLE", true],
  ["NOREPLICAS Not enough good replicas to write.", undefined, "UNAVAILABLE", true],
  ["MISCONF Errors writing to the AOF file: No space left on device", undefined, "UNAVAILABLE", true],
  ["CLUSTERDOWN The cluster is down", undefined, "UNAVAILABLE", true],
  ["MOVED 866 127.0.0.1:7001", undefined, "UNAVAILABLE", true],
  ["Socket timeout. Expecting data, but didn't receive any in 10000ms.", undefined, "UNAVAILABLE", true],
  ["Stream isn't writeable and enableOfflineQueue options is false", undefined, "UNAVAILABLE", true],
  ["All sentinels are unreachable. Last error: connect ECONNREFUSED", undefined, "UNAVAILABLE", true],
  ["Cluster isn't ready and enableOfflineQueue options is false", undefined, "UNAVAILABLE", true],
  ["Failed to refresh slots cache.", undefined, "UNAVAILABLE", true],
  ["Too many Cluster redirections. Last error: Error: MOVED 1", undefined, "UNAVAILABLE", true],
  ["connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED", "UNAVAILABLE", true],
  ["read ECONNRESET", "ECONNRESET", "UNAVAILABLE", true],
  ["self-signed certificate in certificate chain", "SELF_SIGNED_CERT_IN_CHAIN", "INVALID_CONFIG", false],
  ["tlsv13 alert certificate required", "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "UNAUTHORIZED", false],
  ["something new", undefined, "INTERNAL", false],
] as const)("%s", (text, code, meaning, retryable) => {
  expect(classify(Object.assign(new Error(text), code === undefined ? {} : { code }))).toEqual({
    code: meaning,
    retryable,
  });
});

test("a BrokerError keeps its code, and anything that is thrown can be classified", () => {
  expect(classify(new BrokerError("QUOTA", "full", { retryable: true }))).toEqual({ code: "QUOTA", retryable: true });
  for (const thrown of [undefined, null, "text", 5, {}])
    expect(classify(thrown)).toEqual({ code: "INTERNAL", retryable: false });
});

test("the command that ioredis attaches to its errors is removed, because it holds passwords and bodies", async () => {
  const error = await refused((client) => client.auth("nobody", "s3cret"));
  expect(JSON.stringify(error)).toContain("s3cret");
  expect(JSON.stringify(withoutCommand(error))).not.toContain("s3cret");
});

test("a refusal by the server is known in a minified bundle too, where classes have other names", () => {
  // The cast is true: ioredis exports the class without its type.
  class a extends (ReplyError as ErrorConstructor) {}
  expect(isServerError(new a("ERR no"))).toBe(true);
  expect(isServerError(new Error("ERR no"))).toBe(false);
});
