import { describe, expect, test } from "vitest";
import { parseUrl } from "../../src/driver-kit/url.ts";

const TYPES = { heartbeat: "number", vhost: "string", tls: "boolean" } as const;

describe("a broker URL", () => {
  test("has a scheme, credentials, hosts, a path and parameters, all percent-decoded", () => {
    expect(
      parseUrl("broker://us%40er:p%3Aw@one:5672,two,[::1]:7/a%2Fb?heartbeat=5&tls=true&vhost=a%26b", TYPES),
    ).toEqual({
      scheme: "broker",
      username: "us@er",
      password: "p:w",
      hosts: [
        { host: "one", port: 5672 },
        { host: "two", port: undefined },
        { host: "::1", port: 7 },
      ],
      path: "a/b",
      parameters: { heartbeat: 5, tls: true, vhost: "a&b" },
    });
  });

  test("may be as short as a scheme and a name", () => {
    expect(parseUrl("memory:orders", {})).toMatchObject({ scheme: "memory", hosts: [{ host: "orders" }] });
    expect(parseUrl("memory:", {})).toMatchObject({ scheme: "memory", hosts: [], path: undefined });
  });

  test.each([
    ["broker://host?nope=1", /unknown parameter "nope".*heartbeat, vhost, tls/],
    ["broker://host?tls=true&tls=false", /tls twice/],
    ["broker://host?heartbeat=soon", /heartbeat must be a number/],
    ["broker://host?heartbeat=", /heartbeat must be a number/],
    ["broker://host?tls=yes", /tls must be true or false/],
    ["broker://host:99999", /port from 1 to 65535/],
    ["broker://one,,two", /is not a host/],
    ["broker://us%ZZer@host", /user name in the URL is not percent-encoded/],
    ["broker://a@b@host", /does not have the form/],
    ["no url at all", /does not have the form/],
  ])("that is wrong is refused with what is wrong: %s", (url, message) => {
    expect(() => parseUrl(url, TYPES)).toThrow(
      expect.objectContaining({ code: "INVALID_CONFIG", message: expect.stringMatching(message) }),
    );
  });

  test("keeps its secrets out of the error", () => {
    expect(() => parseUrl("broker://user:hunter2@host?x=1", TYPES)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
  });
});
