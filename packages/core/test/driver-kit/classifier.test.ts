import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { classifier, codeOf } from "../../src/driver-kit/classifier.ts";

const error = (message: string, code?: unknown): Error => Object.assign(new Error(message), { code });

const classify = classifier([
  [/^404 /, "NOT_FOUND", false],
  [/ busy/, "THROTTLED", true],
  [/ busy|full/, "BACKPRESSURE", true],
]);

describe("an error of Node is classified by its code", () => {
  test.each([
    ["ECONNREFUSED", "UNAVAILABLE", true],
    ["ECONNRESET", "UNAVAILABLE", true],
    ["ENOTFOUND", "UNAVAILABLE", true],
    ["ETIMEDOUT", "UNAVAILABLE", true],
    ["EPIPE", "UNAVAILABLE", true],
    ["EAI_AGAIN", "UNAVAILABLE", true],
    ["ABORT_ERR", "CANCELLED", false],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "INVALID_CONFIG", false],
    ["CERT_HAS_EXPIRED", "INVALID_CONFIG", false],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "INVALID_CONFIG", false],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "INVALID_CONFIG", false],
    ["EPROTO", "INVALID_CONFIG", false],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "INVALID_CONFIG", false],
    ["HOSTNAME_MISMATCH", "INVALID_CONFIG", false],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "UNAUTHORIZED", false],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "UNAUTHORIZED", false],
    ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "UNAUTHORIZED", false],
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "UNAUTHORIZED", false],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "UNAUTHORIZED", false],
  ])("%s → %s", (code, expected, retryable) => {
    expect(classify(error("busy", code))).toEqual({ code: expected, retryable });
  });
});

test.each([
  [AbortSignal.abort().reason, "CANCELLED", false],
  [new DOMException("The operation was aborted due to timeout", "TimeoutError"), "TIMEOUT", true],
])("the reason of a signal, %o, is %s", (reason, code, retryable) => {
  expect(classify(reason)).toEqual({ code, retryable });
});

describe("any other error is classified by the driver's rows, the first that matches", () => {
  test.each([
    [error("no queue", 404), "NOT_FOUND", false],
    [error("no queue", "404"), "NOT_FOUND", false],
    [error("busy"), "THROTTLED", true],
    [error("store full", "X-1"), "BACKPRESSURE", true],
    [error("no idea"), "INTERNAL", false],
    [undefined, "INTERNAL", false],
    [null, "INTERNAL", false],
    [{}, "INTERNAL", false],
    ["it is busy", "THROTTLED", true],
  ])("%o → %s", (thrown, code, retryable) => {
    expect(classify(thrown)).toEqual({ code, retryable });
  });
});

test("a BrokerError means what it says", () => {
  const thrown = new BrokerError("QUOTA", "busy", { retryable: true });
  expect(classify(thrown)).toEqual({ code: "QUOTA", retryable: true });
});

test("a driver may describe its errors in its own way", () => {
  const byName = classifier([[/^NoSuchQueue$/, "NOT_FOUND", false]], (thrown) =>
    thrown instanceof Error ? thrown.name : "",
  );
  expect(byName(Object.assign(new Error("x"), { name: "NoSuchQueue" })).code).toBe("NOT_FOUND");
});

test.each([
  [error("x", "EPIPE"), "EPIPE"],
  [error("x", 404), 404],
  [error("x", { a: 1 }), undefined],
  [error("x"), undefined],
  ["EPIPE", undefined],
  [null, undefined],
])("the code of %o is %s", (thrown, code) => {
  expect(codeOf(thrown)).toBe(code);
});
