import { describe, expect, test } from "vitest";
import { formatAddress, parseUrl } from "../../src/driver-kit/url.ts";

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
    [
      "broker://host?heartbeat=1&nope=1",
      /parameter 2 of the URL broker:… is unknown; known ones: heartbeat, vhost, tls$/,
    ],
    ["broker://host?tls=true&tls=false", /the parameter tls of the URL broker:… occurs twice/],
    ["broker://host?heartbeat=soon", /the parameter heartbeat of the URL broker:… must be a number/],
    ["broker://host?heartbeat=", /the parameter heartbeat of the URL broker:… must be a number/],
    ["broker://host?tls=yes", /the parameter tls of the URL broker:… must be true or false/],
    ["broker://host:99999", /host 1 of the URL broker:… is not .* a port from 1 to 65535$/],
    ["broker://one,,two", /host 2 of the URL broker:… is not a host/],
    ["broker://one,%40two", /host 2 of the URL broker:… is not a host/],
    ["broker://us%ZZer@host", /the user name of the URL broker:… is not percent-encoded correctly; percent-encode/],
    ["broker://a@b@host", /does not have the form broker:\/\/\[user:password@\]host.*; percent-encode/],
    ["broker:a:b@host", /does not have the form broker:/],
    ["broker://a:b c@host", /does not have the form broker:.*; percent-encode/],
    ["broker://host/#", /does not have the form broker:\/\/\[user:password@\]host[^;]*$/],
    ["no url at all", /does not have the form scheme:\/\/\[user:password@\]host[^;]*$/],
  ])("that is wrong is refused with what is wrong: %s", (url, message) => {
    expect(() => parseUrl(url, TYPES)).toThrow(
      expect.objectContaining({ code: "INVALID_CONFIG", message: expect.stringMatching(message) }),
    );
  });

  test.each([
    ["a slash", "broker://user:hun/ter2@host"],
    ["a slash behind what could be a port", "broker://user:12/hunter2@host"],
    ["a question mark", "broker://user:hun?ter2@host"],
    ["a question mark behind what could be a port", "broker://user:12?vhost=hunter2@host"],
    ["a hash", "broker://user:hun#ter2@host"],
    ["an at sign", "broker://user:hun@ter2@host"],
    ["an at sign and a slash", "broker://user:hun@12/ter2@host"],
    ["white space", "broker://user:hun ter2@host"],
    ["a percent sign", "broker://user:hunter%2@host"],
  ])("whose password has %s unencoded is refused with advice, and only its scheme is shown", (_, url) => {
    expect(() => parseUrl(url, TYPES)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /broker:.*; percent-encode \/ \? # @ : % and white space in its parts, or pass .* the options username and password$/,
        ),
      }),
    );
    expect(() => parseUrl(url, TYPES)).not.toThrow(/hun|ter2|user:[^p]/);
  });

  test.each(["broker://user:hunter2@host?x=1", "broker://user:hunter2", "broker://user%3Ahunter2%40host", "hunter2"])(
    "keeps its secrets out of the error: %s",
    (url) => {
      expect(() => parseUrl(url, TYPES)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
      );
    },
  );
});

test("an address is shown as the URL that it was, without user, password and parameters", () => {
  const shown = (url: string): string => formatAddress(parseUrl(url, TYPES));
  expect(shown("broker://user:hunter2@one:1,[::1]:7,two/a%2Fb?tls=true")).toBe("broker://one:1,[::1]:7,two/a/b");
  expect(shown("broker://one:1/a%40b%3Fc%23d%25e%20f")).toBe("broker://one:1/a%40b%3Fc%23d%25e%20f");
});
