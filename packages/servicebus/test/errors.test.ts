import { ServiceBusError, type ServiceBusErrorCode } from "@azure/service-bus";
import { expect, test } from "vitest";
import { classify, isLockLost, isRefusal, isSessionMismatch } from "../src/errors.ts";

// In the words of the service and the SDK. The other test files provoke most of them.
test.each<[ServiceBusErrorCode, string, string, boolean]>([
  ["UnauthorizedAccess", "InvalidSignature: The token has an invalid signature.", "UNAUTHORIZED", false],
  ["UnauthorizedAccess", "ExpiredToken: The token is expired.", "UNAVAILABLE", true],
  ["UnauthorizedAccess", "Unauthorized access. 'Send' claim(s) are required.", "FORBIDDEN", false],
  ["MessagingEntityNotFound", "The messaging entity 'x' could not be found.", "NOT_FOUND", false],
  ["MessagingEntityDisabled", "The messaging entity 'x' is currently disabled.", "UNAVAILABLE", true],
  ["MessageSizeExceeded", "The received message exceeds the limit.", "TOO_LARGE", false],
  ["QuotaExceeded", "The maximum entity size has been reached.", "QUOTA", true],
  ["ServiceBusy", "Wait 10 seconds and try again.", "THROTTLED", true],
  ["MessageLockLost", "The lock supplied is invalid.", "LEASE_LOST", false],
  ["SessionLockLost", "The session lock has expired.", "UNAVAILABLE", true],
  ["SessionCannotBeLocked", "The session is locked.", "UNAVAILABLE", true],
  ["ServiceTimeout", "The operation did not complete within the allocated time.", "TIMEOUT", true],
  ["ServiceCommunicationProblem", "getaddrinfo ENOTFOUND one.servicebus.windows.net", "UNAVAILABLE", true],
  ["GeneralError", "DetachForcedError: The link was forced to detach.", "UNAVAILABLE", true],
  ["GeneralError", "ConnectionForcedError: The connection was inactive.", "UNAVAILABLE", true],
  ["GeneralError", "ECONNRESET: read ECONNRESET", "UNAVAILABLE", true],
  ["GeneralError", "InternalServerError: The service was unable to process the request.", "UNAVAILABLE", true],
  ["GeneralError", "Link failed to initialize, cannot get max message size.", "UNAVAILABLE", true],
  ["GeneralError", "InvalidOperationError: The entity requires sessions.", "REJECTED", false],
])("%s (%s) is %s", (code, text, expected, retryable) => {
  expect(classify(new ServiceBusError(text, code))).toEqual({ code: expected, retryable });
});

test.each([
  ["UnauthorizedRequestError", 401, "UNAUTHORIZED", false],
  ["MessageEntityNotFoundError", 200, "NOT_FOUND", false],
  ["QuotaExceededError", 403, "QUOTA", true],
  ["ServiceError", 400, "REJECTED", false],
  ["ServiceError", 409, "UNAVAILABLE", true],
  ["MessageEntityAlreadyExistsError", 409, "REJECTED", false],
  ["ServerBusyError", 503, "THROTTLED", true],
  ["REQUEST_SEND_ERROR", undefined, "UNAVAILABLE", true],
])("%s with status %s of the administration is %s", (code, statusCode, expected, retryable) => {
  expect(classify(Object.assign(new Error("why"), { code, statusCode }))).toEqual({ code: expected, retryable });
});

test("an answer of the administration that is cut off is UNAVAILABLE", () => {
  const error = Object.assign(new Error("Error reading response as text: aborted"), { code: "PARSE_ERROR" });
  expect(classify(error)).toEqual({ code: "UNAVAILABLE", retryable: true });
});

test.each([
  ["Failed to connect", "UNAVAILABLE", true],
  ["Unable to create the amqp session due to operation timeout.", "UNAVAILABLE", true],
  ["Sender 'x' got disconnected with error Error: cut.", "UNAVAILABLE", true],
])("an error of the client without a code, %s, is %s", (text, code, retryable) => {
  expect(classify(new Error(text))).toEqual({ code, retryable });
});

test("only what the service has certainly not stored counts as refused", () => {
  expect(isRefusal(new ServiceBusError("busy", "ServiceBusy"))).toBe(true);
  expect(isRefusal(new ServiceBusError("late", "ServiceTimeout"))).toBe(false);
  expect(isRefusal(new Error("anything else"))).toBe(false);
});

test("a lost lock and an entity with sessions are recognised", () => {
  expect(isLockLost(new ServiceBusError("over", "SessionLockLost"))).toBe(true);
  expect(isLockLost(new ServiceBusError("late", "ServiceTimeout"))).toBe(false);
  expect(isSessionMismatch(new ServiceBusError("InvalidOperationError: it requires sessions", "GeneralError"))).toBe(
    true,
  );
  expect(isSessionMismatch(new ServiceBusError("session x", "SessionLockLost"))).toBe(false);
});
