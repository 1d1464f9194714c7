import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { classifier } from "../../src/driver-kit/classifier.ts";
import { type ConnectAttempt, explainConnectFailure } from "../../src/driver-kit/connect-failure.ts";

const plain: ConnectAttempt = {
  product: "Post",
  address: "host:1",
  tls: false,
  schemes: ["post", "posts"],
  classify: classifier([
    [/odd bytes/, "INVALID_CONFIG", false],
    [/./, "UNAVAILABLE", true],
  ]),
  foreign: /odd bytes/,
  closed: /was closed/,
};
const tls: ConnectAttempt = { ...plain, tls: true };
const openssl = (words: string): string => `401D:error:0A000410:SSL routines:ssl3_read_bytes:${words}:../rec.c:918:`;

test.each<[string, ConnectAttempt, string, string | undefined, string, string]>([
  [
    "another protocol",
    plain,
    "odd bytes",
    undefined,
    "INVALID_CONFIG",
    "the server at host:1 is not a Post server: is this the right port? With TLS the URL begins with posts://",
  ],
  [
    "a server without TLS",
    tls,
    openssl("wrong version number"),
    "ERR_SSL_WRONG_VERSION_NUMBER",
    "INVALID_CONFIG",
    "the server at host:1 does not speak TLS: is this the right port? Without TLS the URL begins with post://",
  ],
  [
    "a certificate that is not trusted",
    tls,
    "self-signed certificate",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "INVALID_CONFIG",
    "the certificate of the server at host:1 is not trusted; the option `ca` says which authorities are " +
      "(self-signed certificate)",
  ],
  [
    "a connection that the server closes",
    plain,
    "it was closed",
    undefined,
    "UNAVAILABLE",
    "the server at host:1 closed the connection; if this happens again, check whether this is the port of a Post " +
      "server without TLS (with TLS the URL begins with posts://) (it was closed)",
  ],
  [
    "a connection that the server closes in the TLS handshake",
    tls,
    "Client network socket disconnected before secure TLS connection was established",
    "ECONNRESET",
    "UNAVAILABLE",
    "the server at host:1 closed the connection; if this happens again, check whether this is the port of a Post " +
      "server with TLS (without TLS the URL begins with post://) " +
      "(Client network socket disconnected before secure TLS connection was established)",
  ],
  [
    "a server that waits for more than a TLS handshake",
    tls,
    "connect ETIMEDOUT",
    "ETIMEDOUT",
    "UNAVAILABLE",
    "the server at host:1 did not answer in time; if it can be reached, it may not speak TLS at this port " +
      "(connect ETIMEDOUT)",
  ],
  [
    "a TLS handshake that fails",
    tls,
    openssl("ssl/tls alert handshake failure"),
    "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
    "UNAUTHORIZED",
    "the TLS handshake with the server at host:1 failed: ssl/tls alert handshake failure",
  ],
])("%s is said in plain words, and means what it meant", (_, attempt, text, errorCode, code, message) => {
  const error = Object.assign(new Error(text), errorCode === undefined ? {} : { code: errorCode });
  const explained = explainConnectFailure(error, attempt);
  expect(explained).toMatchObject({ name: "BrokerError", code, message, cause: error });
  expect(explained).toMatchObject({ retryable: code === "UNAVAILABLE" });
});

test("what else to check is said too", () => {
  const message = expect.stringContaining("posts://), and whether it expects a user (it was closed)");
  const error = new Error("it was closed");
  expect(explainConnectFailure(error, { ...plain, check: "whether it expects a user" })).toMatchObject({ message });
});

test("what is clear already is left as it is", () => {
  const clear = new Error("connect ECONNREFUSED host:1");
  expect(explainConnectFailure(clear, plain)).toBe(clear);
  const own = new BrokerError("UNAUTHORIZED", "it was closed");
  expect(explainConnectFailure(own, plain)).toBe(own);
});
