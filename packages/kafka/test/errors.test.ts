import { BrokerError } from "@anybroker/core/driver";
import { expect, test } from "vitest";
import { classify, ofTopic } from "../src/errors.ts";

/** An error with the fields that a client, Node or the server gives it. */
function errorWith(fields: Readonly<Record<string, unknown>>, message = "text"): Error {
  return Object.assign(new Error(message), fields);
}

test.each([
  ["a leader that has moved, by kafkajs", errorWith({ code: 6 }), "UNAVAILABLE", true],
  ["a leader that has moved, by @platformatic/kafka", errorWith({ apiCode: 6, code: "PLT_KFK" }), "UNAVAILABLE", true],
  ["an unknown topic", errorWith({ code: 3 }), "NOT_FOUND", false],
  ["a missing right", errorWith({ code: 29 }), "FORBIDDEN", false],
  ["a code that Kafka does not have", errorWith({ code: 9_999 }), "INTERNAL", false],
  ["a refused user", errorWith({ name: "KafkaJSSASLAuthenticationError" }), "UNAUTHORIZED", false],
  ["a refused certificate", errorWith({}, "tlsv13 alert certificate required"), "UNAUTHORIZED", false],
  ["a certificate that is not trusted", errorWith({}, "self-signed certificate"), "INVALID_CONFIG", false],
  ["a port without a server", errorWith({ code: "ECONNREFUSED" }), "UNAVAILABLE", true],
  ["a connection that was closed", errorWith({}, "Closed connection"), "UNAVAILABLE", true],
  ["an abort", AbortSignal.abort().reason, "CANCELLED", false],
  ["an abort by a timeout", new DOMException("aborted due to timeout", "TimeoutError"), "TIMEOUT", true],
  ["an error of anybroker", new BrokerError("THROTTLED", "later", { retryable: true }), "THROTTLED", true],
  ["something that is no error", "text", "INTERNAL", false],
])("%s is classified", (_, error, code, retryable) => {
  expect(classify(error)).toEqual({ code, retryable });
});

test("a missing topic is named, which Kafka's own text does not do", () => {
  const missing = { name: "BrokerError", code: "NOT_FOUND", message: "there is no topic orders" };
  const error = errorWith({ code: 3 }, "This server does not host this topic-partition");
  expect(ofTopic("orders", error)).toMatchObject({ ...missing, cause: error });
  expect(ofTopic("orders", undefined)).toMatchObject(missing);
  const other = errorWith({ code: 29 });
  expect(ofTopic("orders", other)).toBe(other);
});
