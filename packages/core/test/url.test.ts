import { parseUrl } from "@anybroker/core/driver";
import { describe, expect, test } from "vitest";

const TYPES = { heartbeat: "number", vhost: "string", tls: "boolean" } as const;

describe("a broker URL", () => {
  test("has a scheme, credentials, hosts, a path and parameters, all percent-decoded", () => {
    expect(parseUrl("amqp://us%40er:p%3Aw@one:5672,two,[::1]:7/a%2Fb?heartbeat=5&tls=true&vhost=a%26b", TYPES)).toEqual(
      {
        scheme: "amqp",
        username: "us@er",
        password: "p:w",
        hosts: [
          { host: "one", port: 5672 },
          { host: "two", port: undefined },
          { host: "::1", port: 7 },
        ],
        path: "a/b",
        parameters: { heartbeat: 5, tls: true, vhost: "a&b" },
      },
    );
  });

  test("may be as short as a scheme and a name", () => {
    expect(parseUrl("memory:orders", {})).toMatchObject({ scheme: "memory", hosts: [{ host: "orders" }] });
    expect(parseUrl("memory:", {})).toMatchObject({ scheme: "memory", hosts: [], path: undefined });
  });

  test.each([
    ["amqp://host?nope=1", /unknown parameter "nope".*heartbeat, vhost, tls/],
    ["amqp://host?tls=true&tls=false", /tls twice/],
    ["amqp://host?heartbeat=soon", /heartbeat must be a number/],
    ["amqp://host?heartbeat=", /heartbeat must be a number/],
    ["amqp://host?tls=yes", /tls must be true or false/],
    ["amqp://host:99999", /port from 1 to 65535/],
    ["amqp://one,,two", /is not a host/],
    ["amqp://us%ZZer@host", /user name in the URL is not percent-encoded/],
    ["amqp://a@b@host", /does not have the form/],
    ["no url at all", /does not have the form/],
  ])("that is wrong is refused with what is wrong: %s", (url, message) => {
    expect(() => parseUrl(url, TYPES)).toThrow(
      expect.objectContaining({ code: "INVALID_CONFIG", message: expect.stringMatching(message) }),
    );
  });

  test("keeps its secrets out of the error", () => {
    expect(() => parseUrl("amqp://user:hunter2@host?x=1", TYPES)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
  });
});
