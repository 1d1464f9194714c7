import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { redact, USER_INFO, withoutSecrets } from "../../src/base/redact.ts";

describe("in a text", () => {
  test.each([
    ["connect broker://user:hunter2@host failed", "connect broker://***@host failed"],
    ["brokers://user:p%40w@a,b/x", "brokers://***@a,b/x"],
    ["broker://:hunter2@host", "broker://***@host"],
    ["broker://hunter2@host", "broker://***@host"],
    ["from broker://u:hunter2@one to broker://v:hunter3@two", "from broker://***@one to broker://***@two"],
    [
      "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=hunter2=;",
      "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=***;",
    ],
    ["broker://host?passphrase=hunter2&tls=true", "broker://host?passphrase=***&tls=true"],
  ])("a user and a password are replaced: %s", (text, shown) => {
    expect(redact(text)).toBe(shown);
    expect(redact(shown)).toBe(shown);
    expect(new BrokerError("INTERNAL", text).message).toBe(shown);
  });

  test.each([
    ["broker://user:hun/ter2@host", "broker://***@host"],
    ["broker://user:hun?ter2@host/x", "broker://***@host/x"],
    ["broker://user:hun#ter2@host", "broker://***@host"],
    ["broker://user:hun@ter2@host", "broker://***@host"],
    ["broker://user:12/hunter2@host", "broker://***@host"],
    ["cannot reach broker://user:hun ter2@host now", "cannot reach broker://***@host now"],
  ])("so are those of a URL in which they are not encoded: %s", (text, shown) => {
    expect(redact(text)).toBe(shown);
  });

  test.each([
    "http://host/path and me@example.com",
    "broker://host:5672/x: refused; write to me@example.com",
    "broker://a:1,b:2/x: refused; write to me@example.com",
    "see https://npm.example/@scope/package",
    "at run (file:///C:/app/.pnpm/client@5.6/node_modules/client/main.js:12:3)",
    `a URL has the form broker://${USER_INFO}host[:port][,host…][/path][?option=value]`,
  ])("everything else stays: %s", (text) => {
    expect(redact(text)).toBe(text);
  });

  test("no password of a URL is left, whatever characters it has, encoded or not", () => {
    const password = fc.string({ unit: "grapheme", minLength: 1 });
    const bare = password.map((text) => text.replaceAll(/\s/g, "_"));
    const written = fc.oneof(bare, password.map(encodeURIComponent));
    fc.assert(
      fc.property(written, fc.constantFrom("", "/1", "?x=y@z"), (text, rest) => {
        const shown = redact(`lost "broker://user:${text}@host${rest}" again`);
        expect(shown).toMatch(/^lost "broker:\/\/\*\*\*@(host(\/1)?|z)" again$/);
      }),
      { numRuns: 1_000 },
    );
  });

  test("long texts of slashes, colons and names take no time", () => {
    const since = performance.now();
    for (const part of ["/", "//", "//:", "//a:b ", "@", "//@", "file://", "password="]) redact(part.repeat(200_000));
    expect(performance.now() - since).toBeLessThan(5_000);
  });
});

describe("in an error", () => {
  const URL_TEXT = "broker://user:hunter2@host";

  test("without a secret nothing changes, and it stays the same object", () => {
    const error = new Error("refused", { cause: new AggregateError([new Error("one")], "all") });
    expect(withoutSecrets(error)).toBe(error);
    expect(withoutSecrets(7)).toBe(7);
    expect(withoutSecrets(undefined)).toBeUndefined();
  });

  test("the texts of the error and of the errors in it are redacted in a copy, and the original stays", () => {
    const inner = Object.assign(new TypeError(`no URL: ${URL_TEXT}`), { code: "ERR_INVALID_URL", input: URL_TEXT });
    const several = new AggregateError([new Error(URL_TEXT), URL_TEXT], "several");
    const error = new Error("refused", { cause: Object.assign(inner, { cause: several }) });
    const copy = withoutSecrets(error);
    expect(inspect(copy, { depth: 10, showHidden: true })).not.toContain("hunter2");
    expect(copy).toMatchObject({
      message: "refused",
      cause: {
        name: "TypeError",
        message: "no URL: broker://***@host",
        code: "ERR_INVALID_URL",
        input: "broker://***@host",
        cause: { errors: [{ message: "broker://***@host" }, "broker://***@host"] },
      },
    });
    expect(inspect(error)).toContain("hunter2");
    expect(copy).toBeInstanceOf(Error);
  });

  test.each<[string, unknown]>([
    ["a text", URL_TEXT],
    ["a DOMException", new DOMException(URL_TEXT, "AbortError")],
    ["a frozen error", Object.freeze(new Error(URL_TEXT))],
    ["a BrokerError", Object.assign(new BrokerError("INTERNAL", "x"), { note: URL_TEXT })],
  ])("%s can be the cause", (_, cause) => {
    const error = new BrokerError("INTERNAL", "failed", { cause });
    expect(inspect(error, { depth: 10 })).not.toContain("hunter2");
    expect(inspect(error, { depth: 10 })).toContain("broker://***@host");
    expect(error.cause instanceof BrokerError).toBe(cause instanceof BrokerError);
  });

  test("errors may contain each other", () => {
    const error = new Error(URL_TEXT);
    error.cause = new Error("the other one", { cause: error });
    expect(inspect(withoutSecrets(error), { depth: 10 })).not.toContain("hunter2");
  });

  test("what cannot be read stays as it is", () => {
    const odd = Object.defineProperty(new Error("odd"), "message", {
      get() {
        throw new Error("cannot be read");
      },
    });
    expect(withoutSecrets(odd)).toBe(odd);
  });
});
